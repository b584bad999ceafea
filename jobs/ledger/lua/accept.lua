-- Stores an event and its deliveries, all or nothing, if the event was not seen before.
-- ARGV: prefix, time, event id, hand-over ms, entity, order, whether to add missing deliveries to a known event ('1', reconcile),
-- positions as JSON, level ('' if the event announces none), time of the level and its precision in ms, whether it is the
-- first level ('1'), creation time of the entity ('' if unknown), deliveries as JSON [[connector, state, why], …], then
-- the event's own fields and values.
-- Returns {1} when stored, {2} when deliveries were added, {0, times seen} for a repeat.
--!include time
--!include hours
local id, hand, entity, order, extend = ARGV[3], tonumber(ARGV[4]), ARGV[5], tonumber(ARGV[6]), ARGV[7] == '1'
local level, since, step, first = ARGV[9], tonumber(ARGV[10]), tonumber(ARGV[11]), ARGV[12] == '1'
local created = ARGV[13]
local key = p .. 'event:' .. id
local known = redis.call('EXISTS', key) == 1
-- Another event implied this one before, and now it is announced: connectors that do not act on implied events act now.
local implied, source = false, nil
for i = 15, #ARGV, 2 do
  implied = implied or ARGV[i] == 'implied'
  if ARGV[i] == 'source' then source = ARGV[i + 1] end
end
local announced = known and not implied and redis.call('HDEL', key, 'implied') == 1
extend = extend or announced
if source and not implied and (announced or not known) then count_hour(p, now, 'event|' .. source) end
if known and not extend then
  return {0, redis.call('HINCRBY', key, 'seen', 1)}
end
-- When this ledger was created, as in tick.lua: after a wipe the receiver may store events long before a worker ticks.
redis.call('SET', p .. 'born', now, 'NX')
-- A time from a fast clock, or a forged one, must not put the event after all later ones.
order, since = math.min(order, now), math.min(since, now)
-- Events of the same millisecond stay in the order of their arrival.
order = order + redis.call('INCR', p .. 'arrivals') % 1000 / 1000

-- The last known level, for reconcile. A time with a precision of a second counts as the end of that second. Two times with a
-- precision of a millisecond may arrive in either order, and the later one counts.
-- The first level is never the later one. The level of an earlier entity with the same id does not count.
if level ~= '' then
  local levels = p .. 'levels'
  local of = redis.call('HGET', levels, entity .. '|created')
  local same = not of or created == '' or of == created
  local last = same and redis.call('HGET', levels, entity)
  local before, exactly = string.match(last or '0|1|', '^(%d+)|(%d+)|')
  before, step = math.min(tonumber(before), now), math.max(tonumber(exactly), step)
  if math.floor(before / step) <= math.floor(since / step) and not (first and last) then
    redis.call('HSET', levels, entity, string.format('%d|%d|%s', since, ARGV[11], level))
    redis.call('ZADD', p .. 'levels:known', now, entity)
    if created ~= '' then redis.call('HSET', levels, entity .. '|created', created) end
  end
end

local added = {}
for _, d in ipairs(cjson.decode(ARGV[14])) do
  local connector, state, why = d[1], d[2], d[3]
  local delivery = id .. '.' .. connector
  if redis.call('EXISTS', p .. 'delivery:' .. delivery) == 0 then
    redis.call('HSET', p .. 'delivery:' .. delivery, 'v', 1, 'entity', entity, 'state', state, 'why', why,
      'order', order, 'attempts', 0, 'position', 0, 'created', now, 'updated', now, 'handed', now)
    redis.call('ZADD', p .. 'state:' .. state, now, delivery)
    if state == 'queued' then
      redis.call('ZADD', p .. 'due', now + hand, delivery)
      redis.call('ZADD', p .. 'line:' .. connector .. ':' .. entity, order, delivery)
    end
    added[#added + 1] = connector
  end
end

if known then
  if #added == 0 then return {0, tonumber(redis.call('HGET', key, 'seen'))} end
  local e = redis.call('HMGET', key, 'connectors', 'state')
  local all = e[1] == '' and table.concat(added, ',') or e[1] .. ',' .. table.concat(added, ',')
  redis.call('ZREM', p .. 'events:' .. e[2], id)
  redis.call('HSET', key, 'connectors', all, 'state', 'accepted')
  redis.call('HDEL', key, 'why')
  redis.call('HINCRBY', key, 'left', #added)
  for i = 15, #ARGV, 2 do
    if announced and ARGV[i] == 'body' then redis.call('HSET', key, 'body', ARGV[i + 1]) end
  end
  return {2}
end

for i = 15, #ARGV, 2 do redis.call('HSET', key, ARGV[i], ARGV[i + 1]) end
redis.call('HSET', key, 'v', 1, 'received', now, 'seen', 1, 'entity', entity, 'left', #added,
  'connectors', table.concat(added, ','))
redis.call('ZADD', p .. 'events', now, id)
local state = redis.call('HGET', key, 'state')
if state ~= 'accepted' then redis.call('ZADD', p .. 'events:' .. state, now, id) end
if entity ~= '' then redis.call('ZADD', p .. 'entity:' .. entity, now, id) end

for _, position in ipairs(cjson.decode(ARGV[8])) do redis.call('SADD', p .. 'positions', position) end
return {1}
