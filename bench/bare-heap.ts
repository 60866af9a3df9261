/**
 * Owns the yardstick of the simulation's bench: a plain binary heap of objects, pushed and popped with an empty handler.
 * Refuses to be clever. Nobody would call this slow, and nothing that does work can be as fast.
 */

interface BareEvent {
  readonly at: number;
  readonly order: number;
  readonly target: number;
}

/** Pushes and pops `events` events with `pending` of them in the heap; returns events per second. */
export function bareHeapRate(events: number, pending: number): number {
  const heap: BareEvent[] = [];
  let order = 0;
  let state = 1;
  const random = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state;
  };
  for (let target = 0; target < pending; target++)
    push(heap, { at: random() % 60_000, order: order++, target });
  let handled = 0;
  const handle = (event: BareEvent): void => {
    handled += event.target & 1;
  };
  const before = performance.now();
  for (let i = 0; i < events; i++) {
    const event = pop(heap) as BareEvent;
    handle(event);
    push(heap, { at: event.at + (random() % 60_000), order: order++, target: event.target });
  }
  const seconds = (performance.now() - before) / 1_000;
  if (handled < 0) throw new Error("the handler was optimised away");
  return events / seconds;
}

function before(left: BareEvent, right: BareEvent): boolean {
  return left.at < right.at || (left.at === right.at && left.order < right.order);
}

function push(heap: BareEvent[], event: BareEvent): void {
  let at = heap.length;
  heap.push(event);
  while (at > 0) {
    const parent = (at - 1) >> 1;
    const above = heap[parent] as BareEvent;
    if (!before(event, above)) break;
    heap[at] = above;
    at = parent;
  }
  heap[at] = event;
}

function pop(heap: BareEvent[]): BareEvent | undefined {
  const first = heap[0];
  const last = heap.pop();
  if (!first || !last || heap.length === 0) return first;
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= heap.length) break;
    const right = child + 1;
    if (right < heap.length && before(heap[right] as BareEvent, heap[child] as BareEvent)) child = right;
    if (!before(heap[child] as BareEvent, last)) break;
    heap[at] = heap[child] as BareEvent;
    at = child;
  }
  heap[at] = last;
  return first;
}
