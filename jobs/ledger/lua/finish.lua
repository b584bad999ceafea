-- The end of a delivery, beside its state. Included by other scripts.

-- Deletes what was kept for a next attempt.
local function forget_notes(key)
  redis.call('HDEL', key, 'notes', 'noted', 'healed')
  for _, name in ipairs(redis.call('HKEYS', key)) do
    if string.sub(name, 1, 5) == 'note:' then redis.call('HDEL', key, name) end
  end
end

-- Removes the delivery from its line. Returns the next delivery of the line that may start, or ''.
local function leave_line(p, id, connector, entity, now)
  redis.call('ZREM', p .. 'due', id)
  local line = p .. 'line:' .. connector .. ':' .. entity
  redis.call('ZREM', line, id)
  local after = redis.call('ZRANGE', line, 0, 0)[1]
  if not after or redis.call('HGET', p .. 'delivery:' .. after, 'state') ~= 'queued' then return '' end
  redis.call('ZADD', p .. 'due', now + FOLLOWING_HAND_OVER_MS, after)
  return after
end
