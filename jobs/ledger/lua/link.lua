-- Adds values to the link of an entity. ARGV: key, the entity's creation time ('' if unknown), then
-- names and values; an empty value removes its name. The link of an earlier entity with the same id is deleted first.
local key, created = ARGV[1], ARGV[2]
local known = redis.call('HGET', key, 'created')
if created ~= '' and known and known ~= created then redis.call('DEL', key) end
for i = 3, #ARGV, 2 do
  if ARGV[i + 1] == '' then redis.call('HDEL', key, ARGV[i]) else redis.call('HSET', key, ARGV[i], ARGV[i + 1]) end
end
if created ~= '' then
  redis.call('HSET', key, 'created', created)
  if redis.call('HLEN', key) == 1 then redis.call('DEL', key) end
end
