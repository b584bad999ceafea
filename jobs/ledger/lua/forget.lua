-- Deletes what was finished longer ago than the retention. ARGV: prefix, time, retention ms. Deletes at most 100 of each kind; returns how many.
-- The first write is a DEL: Redis allows it when its memory is used up, and then also the other writes of the script.
--!include time
--!include recovery
local retention = tonumber(ARGV[3])
local count = 0
local function forget_event(event)
  local key = p .. 'event:' .. event
  local e = redis.call('HMGET', key, 'entity', 'state')
  redis.call('DEL', key)
  redis.call('ZREM', p .. 'events', event)
  if e[2] then redis.call('ZREM', p .. 'events:' .. e[2], event) end
  if e[1] and e[1] ~= '' then redis.call('ZREM', p .. 'entity:' .. e[1], event) end
end
for _, state in ipairs({'done', 'skipped', 'dead'}) do
  for _, id in ipairs(redis.call('ZRANGE', p .. 'state:' .. state, '-inf', now - retention, 'BYSCORE', 'LIMIT', 0, FORGOTTEN_AT_ONCE)) do
    local event = string.match(id, '^[^.]+')
    stop_waiting(p, id)
    redis.call('DEL', p .. 'delivery:' .. id)
    redis.call('ZREM', p .. 'state:' .. state, id)
    count = count + 1
    if redis.call('HINCRBY', p .. 'event:' .. event, 'left', -1) <= 0 then forget_event(event) end
  end
end
for _, state in ipairs({'ignored', 'unreadable'}) do
  for _, id in ipairs(redis.call('ZRANGE', p .. 'events:' .. state, '-inf', now - retention, 'BYSCORE', 'LIMIT', 0, FORGOTTEN_AT_ONCE)) do
    forget_event(id)
    count = count + 1
  end
end
-- Levels of entities without an event for the retention: fields `<entity>` and `<entity>|created`.
for _, entity in ipairs(redis.call('ZRANGE', p .. 'levels:known', '-inf', now - retention, 'BYSCORE', 'LIMIT', 0, FORGOTTEN_AT_ONCE)) do
  redis.call('HDEL', p .. 'levels', entity, entity .. '|created')
  redis.call('ZREM', p .. 'levels:known', entity)
  count = count + 1
end
-- The ledger has no older records of finished deliveries.
redis.pcall('SET', p .. 'remembers', now - retention)
return count
