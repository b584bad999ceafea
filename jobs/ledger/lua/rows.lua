-- Returns fields of deliveries and of their events as JSON: a client reads one text much faster than thousands of values. Changes nothing.
-- ARGV: prefix, names of a delivery's fields as JSON, names of an event's fields as JSON, then delivery ids. Returns
-- [[delivery's values, event's values], …]; false for what is not stored.
local p, fields, of_event = ARGV[1], cjson.decode(ARGV[2]), cjson.decode(ARGV[3])
local rows = {}
for i = 4, #ARGV do
  local event = p .. 'event:' .. string.match(ARGV[i], '^[^.]*')
  rows[#rows + 1] = {redis.call('HMGET', p .. 'delivery:' .. ARGV[i], unpack(fields)), redis.call('HMGET', event, unpack(of_event))}
end
return cjson.encode(rows)
