-- Records what came of an attempt and lets the next of the line go.
-- ARGV: prefix, delivery id, connector, token, new state, delay ms (retrying), then fields and values;
-- a field 'count:…' is a counter to be raised. Returns {'settled', next delivery id or ''} or {'lost'}.
local p, id, connector, token, state, delay = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], tonumber(ARGV[6])
local key, due = p .. 'delivery:' .. id, p .. 'due'
local d = redis.call('HMGET', key, 'state', 'token', 'entity')
if d[1] ~= 'running' or d[2] ~= token then return {'lost'} end
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
for i = 7, #ARGV, 2 do
  if string.sub(ARGV[i], 1, 6) == 'count:' then
    redis.call('HINCRBYFLOAT', p .. 'counts', string.sub(ARGV[i], 7), ARGV[i + 1])
  else
    redis.call('HSET', key, ARGV[i], ARGV[i + 1])
  end
end
redis.call('HDEL', key, 'token', 'until', 'next')
redis.call('HSET', key, 'state', state, 'updated', now)
redis.call('ZREM', p .. 'state:running', id)
redis.call('ZADD', p .. 'state:' .. state, now, id)
local hold = p .. 'hold:' .. connector .. ':' .. d[3]
if redis.call('GET', hold) == id then redis.call('DEL', hold) end
if state == 'retrying' then
  redis.call('HSET', key, 'next', now + delay)
  redis.call('ZADD', due, now + delay, id)
  return {'settled', ''}
end
if state ~= 'dead' then redis.call('HDEL', key, 'notes') end  -- a replay of a dead letter goes on where it stopped
redis.call('ZREM', due, id)
local line = p .. 'line:' .. connector .. ':' .. d[3]
redis.call('ZREM', line, id)
local after = redis.call('ZRANGE', line, 0, 0)[1]
if not after then return {'settled', ''} end
local wait = redis.call('HMGET', p .. 'delivery:' .. after, 'state', 'next')
if wait[1] ~= 'queued' then return {'settled', ''} end
redis.call('ZADD', due, now + 10000, after)
return {'settled', after}
