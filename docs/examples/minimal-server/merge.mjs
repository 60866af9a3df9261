/**
 * Who wins when two writes did not know of each other: decided field by field, by stamps, and in lists also item by
 * item. Knows neither revisions nor requests. A record here is `{fields, stamps, items}`: `stamps` tells of each
 * field who set it and when, `items` the same of each field of each item of a list.
 */
import { isDeepStrictEqual } from "node:util";

export const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
export const byId = (items) => new Map((items ?? []).map((item) => [item.id, item]));
const get = (object, name) => (Object.hasOwn(object ?? {}, name) ? object[name] : undefined);
const put = (map, name, value) => (value === undefined ? map.delete(name) : map.set(name, value));

/** RFC 7396. Maps and `fromEntries` keep `__proto__` a plain member, where an assignment would not [API-5]. */
export function mergePatch(target, patch) {
  if (!isObject(patch)) return patch;
  const merged = new Map(isObject(target) ? Object.entries(target) : []);
  for (const [name, value] of Object.entries(patch))
    put(merged, name, value === null ? undefined : mergePatch(merged.get(name), value));
  return Object.fromEntries(merged);
}

/**
 * The record after a patch that was made on `base`. A write that is `plain` is applied, come what may [CON-12], and
 * stamps only tell what later writes have to beat.
 */
export function resolve(write, patch, current, base) {
  // A nested patch is laid on its base, not on what came since: else two such would depend on their order.
  const mine = mergePatch(base.fields ?? current.fields, patch);
  const next = {
    items: current.items,
    ...mergeFields(write, Object.keys(patch), mine, current, base.stamps),
  };
  if (write.entity !== "list" || !Object.hasOwn(patch, "items")) return next;
  const merged = mergeItems(write, patch.items, current, base);
  const order = write.plain ? [...byId(patch.items).keys()] : [...merged.keys()];
  const none = patch.items === null && merged.size === 0;
  const fields = new Map(Object.entries(next.fields));
  put(fields, "items", none ? undefined : order.map((id) => merged.get(id).fields));
  const items = new Map([...merged].map(([id, item]) => [id, item.stamps]));
  return { ...next, fields: Object.fromEntries(fields), items };
}

/** Each field of `names` becomes as in `mine` if its stamp is the larger one [MRG-2, MRG-7, MRG-11]. */
function mergeFields(write, names, mine, current, baseStamps) {
  const [fields, stamps] = [new Map(Object.entries(current.fields)), new Map(current.stamps)];
  const won = names.filter((name) => {
    const time = Math.max(write.time, (baseStamps?.get(name)?.time ?? -1) + 1); // it beats what it was based on
    const stamp = { time, device: write.device, key: write.key };
    const isLarger = beats(stamp, stamps.get(name));
    if (isLarger)
      stamps.set(name, stamp); // it never falls [MRG-4]
    else if (!write.plain) return false;
    put(fields, name, get(mine, name));
    return true;
  });
  return { fields: Object.fromEntries(fields), stamps, won: won.length };
}

function beats(left, right) {
  if (right === undefined || left.time !== right.time) return right === undefined || left.time > right.time;
  return left.device === right.device ? left.key > right.key : left.device > right.device;
}

/** Three ways. Without items in the base all of `items` is new, which makes it the union [MRG-5, MRG-6, MRG-7]. */
function mergeItems(write, items, current, base) {
  const [mine, theirs, old] = [byId(items), byId(current.fields.items), byId(base.fields?.items)];
  const merged = new Map();
  for (const id of new Set([...theirs.keys(), ...mine.keys()])) {
    const [m, t, o] = [mine.get(id), theirs.get(id), old.get(id)];
    if (o && !(m && t) && isDeepStrictEqual(m ?? t, o)) continue; // removed by one side, untouched by the other
    const names = m ? Object.keys({ ...m, ...o }) : [];
    const edited = names.filter((name) => !isDeepStrictEqual(get(m, name), get(o, name)));
    const side = { fields: t ?? o ?? {}, stamps: (t ? current : base).items?.get(id) };
    merged.set(id, mergeFields(write, edited, m, side, base.items?.get(id)));
  }
  return merged;
}
