-- Takes the right to run a delivery, if it may run now.
-- ARGV: prefix, time, delivery id, event id, connector, token, lease ms, '1' to take it before its time (to be delivered in one message with others).
-- Returns {'granted', delivery fields, event fields, now, since when we remember}
-- or {'gone' | 'foreign' | 'finished' | 'busy' | 'early' | 'waiting'}.
--!include time
--!include hold
--!include recovery
local id, event, connector, token, lease = ARGV[3], ARGV[4], ARGV[5], ARGV[6], tonumber(ARGV[7])
local key, due = p .. 'delivery:' .. id, p .. 'due'
local d = redis.call('HMGET', key, 'v', 'state', 'until', 'entity', 'handed', 'next')
if not d[1] then
  redis.call('ZREM', due, id)
  return {'gone'}
end
if d[1] ~= '1' then return {'foreign'} end
local state = d[2]
if state ~= 'queued' and state ~= 'retrying' and state ~= 'running' then
  redis.call('ZREM', due, id)
  return {'finished'}
end
if state == 'running' and tonumber(d[3] or 0) > now then return {'busy'} end
if state == 'retrying' and tonumber(d[6] or 0) > now and ARGV[8] ~= '1' then return {'early'} end

-- RQ's queue is first in, first out: if a delivery was handed over before this one and has not started, its job was lost.
local watermark = tonumber(redis.call('GET', p .. 'watermark') or 0)
if tonumber(d[5] or 0) > watermark or watermark > now then
  redis.call('SET', p .. 'watermark', d[5])
end

local line, hold = p .. 'line:' .. connector .. ':' .. d[4], p .. 'hold:' .. connector .. ':' .. d[4]
local head = redis.call('ZRANGE', line, 0, 0)[1]
if not head then
  redis.call('ZADD', line, redis.call('HGET', key, 'order') or now, id)
  head = id
end
local blocker = held_by_another(p, hold, id, now) or (head ~= id and head or nil)
if blocker then
  -- Its turn comes when the one before it is settled; that wakes it. This is for when that one is lost.
  local free = tonumber(redis.call('ZSCORE', due, blocker) or now)
  redis.call('ZADD', due, math.max(free, now) + NEXT_IN_LINE_MS, id)
  if free <= now and redis.call('EXISTS', p .. 'delivery:' .. blocker) == 0 then redis.call('ZREM', line, blocker) end
  return {'waiting', blocker}
end

stop_waiting(p, id)
redis.call('SET', hold, id, 'PX', lease)
redis.call('ZADD', due, now + lease, id)
redis.call('HSET', key, 'state', 'running', 'token', token, 'until', now + lease, 'updated', now)
redis.call('HINCRBY', key, 'attempts', 1)
redis.call('ZREM', p .. 'state:' .. state, id)
redis.call('ZADD', p .. 'state:running', now, id)
return {'granted', redis.call('HGETALL', key), redis.call('HGETALL', p .. 'event:' .. event), now,
  math.max(tonumber(redis.call('GET', p .. 'born') or now), tonumber(redis.call('GET', p .. 'remembers') or 0))}
