-- The clock: hands unfinished deliveries that are due to RQ again. Only the elected worker runs it.
-- ARGV: prefix, time, worker name, election ms, hand-over ms, RQ queue key, how many at once, whether its job loop turns ('1').
-- Returns the delivery ids to hand over, or nil for a worker that was not elected this time.
--!include time
--!include recovery
--!include hours
--!include again
local worker, elect, hand, queue = ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5]), ARGV[6]
local many = tonumber(ARGV[7])
if ARGV[8] == '1' then redis.call('ZADD', p .. 'workers', now, worker) end
-- A term that ends later than an election lasts is from before Redis's own clock stepped back: it does not count.
local ends = tonumber(redis.call('GET', p .. 'clock'))
if ends and ends > now and ends <= now + elect then return false end
redis.call('SET', p .. 'clock', now + elect, 'PX', elect)
redis.call('SET', p .. 'born', now, 'NX')  -- when this ledger was created; reset when Redis is wiped
redis.call('ZREMRANGEBYSCORE', p .. 'workers', '-inf', now - WORKER_LISTED_MS)

-- When the pause of a breaker is over, one of the waiting deliveries probes the destination.
for _, destination in ipairs(redis.call('SMEMBERS', p .. 'waiting')) do
  local b = redis.call('HMGET', p .. 'breaker:' .. destination, 'until', 'probing')
  local open = tonumber(b[1] or 0)
  -- Except for a connector that has stopped: its deliveries would be held again at each tick.
  local stopped = redis.call('HEXISTS', p .. 'stopped', string.match(destination, '^[^ ]*')) == 1
  if open > 0 and open <= now and tonumber(b[2] or 0) <= now and not stopped then
    wake(p, destination, now, 1)
  end
  if redis.call('EXISTS', p .. 'waits:' .. destination, p .. 'dead:' .. destination) == 0 then
    redis.call('SREM', p .. 'waiting', destination)
  end
end
-- An open breaker for which nothing has waited for an hour is removed: its destination was probably renamed.
for _, destination in ipairs(redis.call('SMEMBERS', p .. 'breakers')) do
  local open = tonumber(redis.call('HGET', p .. 'breaker:' .. destination, 'until') or 0)
  if open < now - UNUSED_BREAKER_MS and redis.call('EXISTS', p .. 'waits:' .. destination) == 0 then
    redis.call('SREM', p .. 'breakers', destination)
    redis.call('DEL', p .. 'breaker:' .. destination)
  end
end

local idle = redis.call('LLEN', queue) == 0
local watermark = tonumber(redis.call('GET', p .. 'watermark') or 0)
if watermark > now then watermark = 0 end
local ids = {}
for _, id in ipairs(redis.call('ZRANGE', p .. 'due', '-inf', now, 'BYSCORE', 'LIMIT', 0, many)) do
  local key = p .. 'delivery:' .. id
  local d = redis.call('HMGET', key, 'v', 'state', 'handed', 'entity')
  local state = d[2]
  -- A lease ran out: its worker was lost, or hangs. A delivery that loses its worker again waits longer each time, and becomes dead at last.
  local lost = state == 'running' and d[1] == '1' and redis.call('HINCRBY', key, 'lost', 1) or 0
  if lost > 0 then redis.call('HINCRBY', p .. 'counts', 'leases_lost|' .. string.match(id, '%.(.*)$'), 1) end
  if not d[1] then
    redis.call('ZREM', p .. 'due', id)
  elseif d[1] ~= '1' then
    redis.call('ZADD', p .. 'due', now + NEWER_VERSION_LOOK_AGAIN_MS, id)  -- written by a newer version, which looks after it
  elseif state == 'queued' and not idle and tonumber(d[3] or 0) >= watermark then
    redis.call('ZADD', p .. 'due', now + hand, id)  -- still in RQ's queue, behind others
  elseif lost >= LOST_BEFORE_DEAD then
    local connector = string.match(id, '%.(.*)$')
    redis.call('ZREM', p .. 'state:running', id)
    redis.call('ZADD', p .. 'state:dead', now, id)
    count_hour(p, now, 'outcome|' .. connector .. '|dead')
    ended(p, key, 'dead', 1)
    redis.call('HSET', key, 'state', 'dead', 'updated', now, 'reason', 'crashed',
      'why', 'given up: ' .. lost .. ' times its worker was lost, or it took longer than an attempt may')
    redis.call('HDEL', key, 'token', 'until', 'next', 'lost')
    redis.call('ZREM', p .. 'due', id)
    redis.call('ZREM', p .. 'line:' .. connector .. ':' .. d[4], id)
  elseif lost > LOST_BEFORE_PAUSE then
    local next = now + math.min(LOST_PAUSE_MS * 4 ^ (lost - LOST_BEFORE_PAUSE - 1), LONGEST_LOST_PAUSE_MS)
    redis.call('ZREM', p .. 'state:running', id)
    redis.call('ZADD', p .. 'state:retrying', now, id)
    redis.call('HSET', key, 'state', 'retrying', 'updated', now, 'next', next, 'reason', 'crashed',
      'why', lost .. ' times its worker was lost, or it took longer than an attempt may')
    redis.call('HDEL', key, 'token', 'until')
    redis.call('ZADD', p .. 'due', next, id)
  elseif state == 'queued' or state == 'retrying' or state == 'running' then
    redis.call('ZREM', p .. 'state:' .. state, id)
    redis.call('ZADD', p .. 'state:queued', now, id)
    redis.call('HSET', key, 'state', 'queued', 'handed', now, 'updated', now)
    redis.call('HDEL', key, 'token', 'until', 'next')
    redis.call('ZADD', p .. 'due', now + hand, id)
    ids[#ids + 1] = id
  else
    redis.call('ZREM', p .. 'due', id)
  end
end

return ids
