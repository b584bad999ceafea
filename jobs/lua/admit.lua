-- May this delivery go to its destination now? One breaker and one bucket for each destination, for all workers.
-- ARGV: prefix, delivery id, destination, ms between two (0: no limit), burst.
-- Returns {0, '', how many others wait for its rate} to go ahead, else {ms to wait, 'open' | 'limit'}.
local p, id, destination, interval, burst = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local key, crowd = p .. 'delivery:' .. id, p .. 'crowd:' .. destination
redis.call('ZREM', crowd, id)
local open = tonumber(redis.call('HGET', p .. 'breaker:' .. destination, 'until') or 0)
-- An operator who replays has mended something: theirs is the probe, at once.
if redis.call('HDEL', key, 'forced') == 1 then open = 0 end
if open > now then return {open - now, 'open'} end
if open > 0 then
  -- Half open: one goes ahead and tells the others. Its probe ends by itself, were its worker killed.
  local probe = p .. 'probe:' .. destination
  if not redis.call('SET', probe, id, 'NX', 'PX', 60000) and redis.call('GET', probe) ~= id then
    -- The probe is mostly over in a moment: its time to live is for one whose worker was killed.
    return {math.min(math.max(redis.call('PTTL', probe), 1000), 5000), 'open'}
  end
  return {0, '', 0}
end
if interval == 0 then return {0, '', 0} end
local turn = tonumber(redis.call('HGET', key, 'turn') or 0)
local function wait_until(at)
  redis.call('ZADD', crowd, at, id)
  redis.call('EXPIRE', crowd, 86400)
  return {at - now, 'limit'}
end
if turn > now then return wait_until(turn) end
if turn > 0 then
  redis.call('HDEL', key, 'turn')
  -- A turn that is long past (the breaker was open meanwhile) would let a crowd through at once.
  if now - turn < 5000 then return {0, '', redis.call('ZCARD', crowd)} end
end
local bucket = p .. 'bucket:' .. destination
local free = math.max(tonumber(redis.call('GET', bucket) or 0), now)
redis.call('SET', bucket, free + interval, 'PX', free + interval - now + 60000)
local at = free - (burst - 1) * interval
if at <= now then return {0, '', redis.call('ZCARD', crowd)} end
redis.call('HSET', key, 'turn', at)
return wait_until(at)
