-- May this delivery go to its destination now? One breaker and one bucket for each destination, for all workers.
-- ARGV: prefix, time, delivery id, connector, token, destination, ms between two (0: no limit), burst, the source that the delivery needs ('': none).
-- Returns {0, '' | 'probe', how many others wait for its rate} when it may go; {0, 'lost'} when the lease is lost;
-- {0, 'stopped', since when and why} when the connector instance has stopped;
-- else {ms to wait, 'open', the destination whose breaker is open} or {ms to wait, 'limit'}.
--!include time
--!include hold
local id, connector, destination = ARGV[3], ARGV[4], ARGV[6]
local interval, burst = tonumber(ARGV[7]), tonumber(ARGV[8])
if not is_leased(p, id, connector, ARGV[5], now) then return {0, 'lost'} end
local stopped = redis.call('HGET', p .. 'stopped', connector)
if stopped then return {0, 'stopped', stopped} end
local key, crowd = p .. 'delivery:' .. id, p .. 'crowd:' .. destination

-- An operator who replays a delivery has corrected the cause, so it goes at once, past every breaker.
if redis.call('HDEL', key, 'forced') == 0 then
  local probes = {}
  for _, gate in ipairs(ARGV[9] == '' and {destination} or {ARGV[9], destination}) do
    local b = redis.call('HMGET', p .. 'breaker:' .. gate, 'until', 'probe', 'probing')
    local open = tonumber(b[1] or 0)
    if open > now then return {open - now, 'open', gate} end
    if open > 0 then
      -- Half open: one goes ahead, and its outcome decides for the others.
      if b[2] and b[2] ~= id and tonumber(b[3]) > now then return {PROBE_LOOK_AGAIN_MS, 'open', gate} end
      probes[#probes + 1] = gate
    end
  end
  -- A probe ends by itself when its worker is killed.
  for _, gate in ipairs(probes) do
    redis.call('HSET', p .. 'breaker:' .. gate, 'probe', id, 'probing', now + PROBE_MS)
  end
  if #probes > 0 then return {0, 'probe', 0} end
end

if interval == 0 then return {0, '', 0} end
redis.call('ZREMRANGEBYSCORE', crowd, '-inf', now - CROWD_KEPT_S * 1000)
local turn = tonumber(redis.call('HGET', key, 'turn') or 0)
local function wait_until(at)
  redis.call('ZADD', crowd, at, id)
  redis.call('EXPIRE', crowd, CROWD_KEPT_S)
  redis.call('HSET', key, 'crowd', destination)
  return {at - now, 'limit'}
end
if turn > now then return wait_until(turn) end
redis.call('HDEL', key, 'turn')
-- A turn far in the past (the breaker was open meanwhile) would let many deliveries through at once.
if now - turn < TURN_EXPIRES_MS then return {0, '', redis.call('ZCARD', crowd)} end
local bucket = p .. 'bucket:' .. destination
local free = math.max(tonumber(redis.call('GET', bucket) or 0), now)
redis.call('SET', bucket, free + interval, 'PX', free + interval - now + BUCKET_KEPT_MS)
local at = free - (burst - 1) * interval
if at <= now then return {0, '', redis.call('ZCARD', crowd)} end
redis.call('HSET', key, 'turn', at)
redis.call('HINCRBY', p .. 'counts', 'rate_waits|' .. connector, 1)  -- once for each turn, however often it looks again
return wait_until(at)
