-- Recovery: the deliveries that continue when a destination works again. Included by other scripts (see jobs/ledger/ledger.py).
-- `waits:<destination>`: unfinished deliveries, `dead:<destination>`: dead letters; score: the time from which a success brings
-- them back. `waiting`: the destinations that may have one of these sets. A member's hash names its destination in `waits`.

local function wait_for(p, destination, id, dead, from)
  redis.call('ZADD', p .. (dead and 'dead:' or 'waits:') .. destination, from, id)
  redis.call('SADD', p .. 'waiting', destination)
  redis.call('HSET', p .. 'delivery:' .. id, 'waits', destination)
end

-- Removes a delivery from the set of its destination, and from the crowd that waits for the destination's rate (see admit.lua).
local function stop_waiting(p, id)
  local key = p .. 'delivery:' .. id
  local d = redis.call('HMGET', key, 'waits', 'crowd')
  if d[1] then
    redis.call('ZREM', p .. 'waits:' .. d[1], id)
    redis.call('ZREM', p .. 'dead:' .. d[1], id)
  end
  if d[2] then redis.call('ZREM', p .. 'crowd:' .. d[2], id) end
  redis.call('HDEL', key, 'waits', 'crowd')
end

-- A dead letter becomes an unfinished delivery again, due now and at the start of its schedule.
local function revive(p, id, now)
  local key = p .. 'delivery:' .. id
  local d = redis.call('HMGET', key, 'entity', 'order')
  redis.call('ZREM', p .. 'state:dead', id)
  redis.call('ZADD', p .. 'state:retrying', now, id)
  redis.call('HSET', key, 'state', 'retrying', 'position', 0, 'next', now, 'updated', now, 'replayed', now)
  redis.call('HINCRBY', key, 'healed', 1)
  redis.call('ZADD', p .. 'due', now, id)
  redis.call('ZADD', p .. 'line:' .. string.match(id, '%.(.*)$') .. ':' .. d[1], d[2], id)
end

-- Makes up to `many` members of one set due now. Returns how many.
local function wake_set(p, set, destination, state, now, many)
  local woken = 0
  for _, id in ipairs(redis.call('ZRANGE', set, '-inf', now, 'BYSCORE', 'LIMIT', 0, many)) do
    redis.call('ZREM', set, id)
    local key = p .. 'delivery:' .. id
    local d = redis.call('HMGET', key, 'v', 'state', 'waits')
    if d[1] and d[1] ~= '1' then
      -- Written by a newer version, which goes on with it: it is only made due, and stays behind the others.
      redis.call('ZADD', set, now + NEWER_VERSION_LOOK_AGAIN_MS, id)
      if d[2] == 'retrying' then redis.call('ZADD', p .. 'due', now, id) end
    elseif d[2] == state and d[3] == destination then
      redis.call('HDEL', key, 'waits')
      if state == 'dead' then
        revive(p, id, now)
      else
        redis.call('HSET', key, 'next', now)
        redis.call('ZADD', p .. 'due', now, id)
      end
      woken = woken + 1
    end
  end
  return woken
end

local function wake(p, destination, now, many)
  return wake_set(p, p .. 'waits:' .. destination, destination, 'retrying', now, many)
end

local function heal(p, destination, now, many)
  return wake_set(p, p .. 'dead:' .. destination, destination, 'dead', now, many)
end
