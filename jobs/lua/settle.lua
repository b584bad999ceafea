-- Records what came of an attempt and lets the next of the line go.
-- ARGV: prefix, delivery id, connector, token, new state, delay ms (retrying), destination, its condition ('up', 'down',
-- 'quota', 'busy:<ms>', or '' when the attempt says nothing of it), then fields and values; a field 'count:…' is a counter to be raised.
-- Returns {'settled', next delivery id or '', 'opened' | 'closed' | '' (the destination's breaker)} or {'lost'}.
local p, id, connector, token, state, delay = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], tonumber(ARGV[6])
local key, due = p .. 'delivery:' .. id, p .. 'due'
local destination, condition = ARGV[7], ARGV[8]
local d = redis.call('HMGET', key, 'state', 'token', 'entity')
if d[1] ~= 'running' or d[2] ~= token then return {'lost'} end
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
for i = 9, #ARGV, 2 do
  if string.sub(ARGV[i], 1, 6) == 'count:' then
    redis.call('HINCRBYFLOAT', p .. 'counts', string.sub(ARGV[i], 7), ARGV[i + 1])
  else
    redis.call('HSET', key, ARGV[i], ARGV[i + 1])
  end
end

-- The breaker: opens when several attempts in a row found the destination down, at once when its quota is used up.
-- A destination that only asks us to wait is given its pause, and nobody is told.
local breaker, turned = p .. 'breaker:' .. destination, ''
local b = redis.call('HMGET', breaker, 'until', 'pause', 'told')
local was, pause = tonumber(b[1] or 0), tonumber(b[2] or 0)
local asked = tonumber(string.match(condition, '^busy:(%d+)$'))
if condition == 'up' then
  if redis.call('SREM', p .. 'breakers', destination) == 1 then turned = 'closed' end
  redis.call('DEL', breaker, p .. 'probe:' .. destination)
elseif asked then
  if was <= now then redis.call('HSET', breaker, 'until', now + asked, 'why', 'busy') end
  redis.call('DEL', p .. 'probe:' .. destination)
elseif condition ~= '' then
  local failures = redis.call('HINCRBY', breaker, 'failures', 1)
  if was <= now and (failures >= 5 or b[3] or condition == 'quota') then
    if not b[3] then
      turned = 'opened'
      redis.call('SADD', p .. 'breakers', destination)
    end
    pause = condition == 'quota' and 900000 or pause == 0 and 15000 or math.min(pause * 2, 300000)
    redis.call('HSET', breaker, 'until', now + pause, 'pause', pause, 'why', condition, 'told', 1)
    redis.call('DEL', p .. 'probe:' .. destination)
  end
end
if condition ~= '' and condition ~= 'up' then redis.call('EXPIRE', breaker, 604800) end

if redis.call('GET', p .. 'probe:' .. destination) == id then redis.call('DEL', p .. 'probe:' .. destination) end
redis.call('HDEL', key, 'token', 'until', 'next', 'lost')
redis.call('HSET', key, 'state', state, 'updated', now)
redis.call('ZREM', p .. 'state:running', id)
redis.call('ZADD', p .. 'state:' .. state, now, id)
local hold = p .. 'hold:' .. connector .. ':' .. d[3]
if redis.call('GET', hold) == id then redis.call('DEL', hold) end
if state == 'retrying' then
  redis.call('HSET', key, 'next', now + delay)
  redis.call('ZADD', due, now + delay, id)
  return {'settled', '', turned}
end
if state ~= 'dead' then redis.call('HDEL', key, 'notes') end  -- a replay of a dead letter goes on where it stopped
redis.call('ZREM', due, id)
local line = p .. 'line:' .. connector .. ':' .. d[3]
redis.call('ZREM', line, id)
local after = redis.call('ZRANGE', line, 0, 0)[1]
if not after then return {'settled', '', turned} end
local wait = redis.call('HMGET', p .. 'delivery:' .. after, 'state', 'next')
if wait[1] ~= 'queued' then return {'settled', '', turned} end
redis.call('ZADD', due, now + 10000, after)
return {'settled', after, turned}
