-- reencode: the vector of another model for a profile or posting whose document has not changed since it was read.
-- While the market still matches by the model the record had, that vector stays beside the new one as `previous_vec`, so
-- that nobody drops out of matching before the new model is named. It counts only with the document it was made from
-- (`previous_digest`); any write of a new document leaves it behind. Once the new model is named, calling this again with
-- the vector that is there (or '') drops it: no version, no event, since nothing that anybody reads has changed.
-- KEYS m   ARGV kind (profile | posting), id, digest, vec, model
local function model_in_force(m)
  local doc = redis.call('HGET', m .. 'model:current', 'doc')
  return doc and cmsgpack.unpack(doc).model or ''
end

local function keep_previous(key, known, in_force, model)
  local its_model, previous_model, previous_digest = known[3], known[4], known[5]
  if its_model == in_force and in_force ~= model then
    redis.call('HSET', key, 'previous_vec', redis.call('HGET', key, 'vec') or '', 'previous_model', its_model,
      'previous_digest', known[1])
  elseif previous_model and (previous_model ~= in_force or in_force == model or previous_digest ~= known[1]) then
    redis.call('HDEL', key, 'previous_vec', 'previous_model', 'previous_digest')
  end
end

operation('reencode', function(m, a)
  local kind, id, digest, vec, model = a[1], a[2], a[3], a[4], a[5]
  local key = m .. kind .. ':' .. id
  local known = redis.call('HMGET', key, 'digest', 'v', 'model', 'previous_model', 'previous_digest')
  if not known[1] then return refuse('no_' .. kind) end
  if known[1] ~= digest then return refuse('stale_version') end
  local in_force, p = model_in_force(m), kind == 'posting' and get_posting(m, id) or { v = tonumber(known[2]) }
  if known[3] == model then
    local drops = in_force == model and known[4]
    if drops then keep_previous(key, known, in_force, model) end
    return { ok = true, v = p.v, state = p.state, replay = not drops }
  end
  keep_previous(key, known, in_force, model)
  if kind == 'profile' then
    change_profile(m, id, 'profile.reencoded', 'vec', vec, 'model', model)
    return { ok = true, v = p.v + 1, replay = false }
  end
  redis.call('HSET', key, 'vec', vec, 'model', model)
  commit(m, p, 'posting.reencoded')
  return { ok = true, v = p.v, state = p.state, replay = false }
end)
