-- Starts a delivery again from its first attempt, at the time `at`. Included by other scripts. `replay`: the id of a replay of
-- many deliveries; its hash counts their results (`ended`), and expires.

-- Counts that a delivery of a replay ended in this state, or was removed from the replay ('count', -1).
local function ended(p, key, field, by)
  local replay = redis.call('HGET', key, 'replay')
  if not replay then return end
  redis.call('HDEL', key, 'replay')
  if redis.call('EXISTS', p .. 'replay:' .. replay) == 1 then redis.call('HINCRBY', p .. 'replay:' .. replay, field, by) end
end

-- Returns 'queued' (now), 'planned' (later), or why nothing was done: 'gone', 'foreign', 'running'.
local function again(p, id, now, at, hand)
  local key = p .. 'delivery:' .. id
  local d = redis.call('HMGET', key, 'v', 'state', 'entity', 'order')
  if not d[1] then return 'gone' end
  if d[1] ~= '1' then return 'foreign' end
  if d[2] == 'running' then return 'running' end
  stop_waiting(p, id)
  ended(p, key, 'count', -1)
  local state = at > now and 'retrying' or 'queued'
  redis.call('ZREM', p .. 'state:' .. d[2], id)
  redis.call('ZADD', p .. 'state:' .. state, now, id)
  redis.call('HSET', key, 'state', state, 'position', 0, 'handed', now, 'updated', now, 'replayed', at)
  redis.call('HDEL', key, 'next', 'why', 'reason', 'healed')
  redis.call('ZADD', p .. 'line:' .. string.match(id, '%.(.*)$') .. ':' .. d[3], d[4], id)
  if state == 'retrying' then
    redis.call('HSET', key, 'next', at)
    redis.call('ZADD', p .. 'due', at, id)
    return 'planned'
  end
  redis.call('HSET', key, 'forced', 1)
  redis.call('ZADD', p .. 'due', now + hand, id)
  return 'queued'
end
