-- Stores an event and its deliveries, all or nothing, if the event was not seen before.
-- ARGV: prefix, event id, hand-over ms, entity, order, deliveries as JSON [[connector, state, why], …], then the
-- event's own fields and values. Returns {1} when stored, {0, times seen} for a repeat.
local p, id, hand, entity, order = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4], tonumber(ARGV[5])
local key = p .. 'event:' .. id
if redis.call('EXISTS', key) == 1 then
  return {0, redis.call('HINCRBY', key, 'seen', 1)}
end
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local deliveries = cjson.decode(ARGV[6])
local names, state = {}, 'accepted'
for i = 7, #ARGV, 2 do
  redis.call('HSET', key, ARGV[i], ARGV[i + 1])
  if ARGV[i] == 'state' then state = ARGV[i + 1] end
end
for i, d in ipairs(deliveries) do
  local delivery = id .. '.' .. d[1]
  names[i] = d[1]
  redis.call('HSET', p .. 'delivery:' .. delivery, 'v', 1, 'entity', entity, 'state', d[2], 'why', d[3],
    'order', order, 'attempts', 0, 'position', 0, 'created', now, 'updated', now, 'handed', now)
  redis.call('ZADD', p .. 'state:' .. d[2], now, delivery)
  if d[2] == 'queued' then
    redis.call('ZADD', p .. 'due', now + hand, delivery)
    redis.call('ZADD', p .. 'line:' .. d[1] .. ':' .. entity, order, delivery)
  end
end
redis.call('HSET', key, 'v', 1, 'received', now, 'seen', 1, 'entity', entity, 'left', #deliveries,
  'connectors', table.concat(names, ','))
redis.call('ZADD', p .. 'events', now, id)
if state ~= 'accepted' then redis.call('ZADD', p .. 'events:' .. state, now, id) end
if entity ~= '' then redis.call('ZADD', p .. 'entity:' .. entity, now, id) end
return {1}
