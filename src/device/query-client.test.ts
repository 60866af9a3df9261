/**
 * Holds the device's invalidations to what they are for: a real QueryClient that is driven by them refetches exactly the
 * queries concerned [EVT-14], at every change of what its user sees, and no others.
 */

import { afterEach, describe, expect, it } from "vitest";
import { jsonEqual } from "../base/canonical-json.ts";
import type { Entity } from "../protocol/entity.ts";
import { type Bench, changesBody, deletion, done, event, live, record, rev } from "./bench.fixture.ts";
import type { DeviceInput, DeviceOutput, ReplicaRecord } from "./port.ts";
import { answerOf, QueryApp, readOf, type View } from "./query-app.fixture.ts";
import { World } from "./world.fixture.ts";

const CONTACTS: View = { name: "contacts", entity: "contact" };
const ANN: View = { name: "ann", entity: "contact", id: "ann" };
const BOB: View = { name: "bob", entity: "contact", id: "bob" };
const TASKS: View = { name: "tasks", entity: "task" };
const OPEN: View = { name: "tasks open", entity: "task", filter: ({ done: isDone }) => isDone !== true };
const DONE: View = { name: "tasks done", entity: "task", filter: ({ done: isDone }) => isDone === true };
const TEA: View = { name: "tea", entity: "task", id: "tea" };
const RENT: View = { name: "rent", entity: "task", id: "rent" };
const NONE: View = { name: "no such task", entity: "task", id: "milk" };
const LISTS: View = { name: "lists", entity: "list" };
const VIEWS = [CONTACTS, ANN, BOB, TASKS, OPEN, DONE, TEA, RENT, NONE, LISTS];

const apps: QueryApp[] = [];
afterEach(() => {
  for (const app of apps.splice(0)) app.end();
});

/** A device that is live at revision 4, and an app with a screen for each view. */
class Phone {
  readonly bench: Bench = live(
    [
      ["contact", record("ann", 1, { name: "Ann" })],
      ["contact", record("bob", 2, { name: "Bob" })],
      ["task", record("tea", 3, { title: "tea" })],
      ["task", record("rent", 4, { title: "rent", done: true })],
    ],
    4,
  );
  readonly app = new QueryApp((view) => {
    this.bench.feed({ input: "read", query: readOf(view) });
    return answerOf(view, this.bench.replica);
  });
  private carried = 0;

  static async open(views: readonly View[] = VIEWS): Promise<Phone> {
    const phone = new Phone();
    apps.push(phone.app);
    for (const view of views) await phone.app.open(view);
    expect(phone.app.takeFetched()).toHaveLength(views.length);
    await phone.fetched();
    return phone;
  }

  /** The views that were refetched for what the device put out since the last call; no screen shows what is over. */
  async fetched(): Promise<readonly string[]> {
    const { history } = this.bench;
    while (this.carried < history.length) {
      const outputs = history.slice(this.carried);
      this.carried = history.length;
      await this.app.take(outputs);
    }
    for (const view of VIEWS) {
      if (this.app.data(view) === undefined || this.app.isStale(view)) continue;
      expect(this.app.data(view), view.name).toEqual(answerOf(view, this.bench.replica));
    }
    return this.app.takeFetched();
  }
}

describe("[EVT-14] events", () => {
  it("an update refetches its record, its collection and the filtered views that it is in, and no others", async () => {
    const phone = await Phone.open();
    phone.bench.frame(event("task", record("tea", 5, { title: "green tea" })));
    expect(await phone.fetched()).toEqual(["tasks", "tasks open", "tea"]);
    phone.bench.frame(event("contact", record("bob", 6, { name: "Bobby" })));
    expect(await phone.fetched()).toEqual(["bob", "contacts"]);
  });

  it("an update that moves a record from one filtered view to another refetches both", async () => {
    const phone = await Phone.open();
    phone.bench.frame(event("task", record("tea", 5, { title: "tea", done: true })));
    expect(await phone.fetched()).toEqual(["tasks", "tasks done", "tasks open", "tea"]);
  });

  it("a creation refetches collections, and the read that had found nothing", async () => {
    const phone = await Phone.open();
    phone.bench.frame(event("task", record("milk", 5, { title: "milk" })));
    expect(await phone.fetched()).toEqual(["no such task", "tasks", "tasks open"]);
    phone.bench.frame(event("list", record("l1", 6, { name: "shopping" })));
    expect(await phone.fetched()).toEqual(["lists"]);
  });

  it("a deletion refetches where the record was", async () => {
    const phone = await Phone.open();
    phone.bench.frame(deletion("task", "rent", 5));
    expect(await phone.fetched()).toEqual(["rent", "tasks", "tasks done"]);
  });

  it("what came before, an older revision, an unknown entity and a checkpoint refetch nothing", async () => {
    const phone = await Phone.open();
    phone.bench.frame(event("task", record("tea", 5, { title: "green tea" })));
    await phone.fetched();
    phone.bench.frame(event("task", record("tea", 5, { title: "green tea" })));
    phone.bench.frame(event("task", record("tea", 3, { title: "tea" })));
    phone.bench.frame(event("note" as Entity, record("n1", 6, { name: "later" })));
    phone.bench.frame({ type: "checkpoint", revisionId: rev(7) });
    expect(await phone.fetched()).toEqual([]);
  });

  it("a screen that is closed is not refetched, and is when it is opened again", async () => {
    const phone = await Phone.open();
    phone.app.close(TASKS);
    phone.app.close(RENT);
    phone.bench.frame(event("task", record("tea", 5, { title: "green tea" })));
    expect(await phone.fetched()).toEqual(["tasks open", "tea"]);
    await phone.app.open(TASKS);
    await phone.app.open(RENT);
    expect(phone.app.takeFetched()).toEqual(["tasks"]);
  });

  it("what nobody has read makes nothing stale", async () => {
    const phone = await Phone.open([ANN]);
    phone.bench.frame(event("contact", record("bob", 5, { name: "Bobby" })));
    phone.bench.frame(event("task", record("tea", 6, { title: "green tea" })));
    expect(await phone.fetched()).toEqual([]);
    expect(phone.bench.count("invalidate")).toBe(0);
  });
});

describe("syncs", () => {
  it("a delta refetches what its changes touch, each once, whatever their number", async () => {
    const phone = await Phone.open();
    phone.bench.feed({
      input: "push",
      trigger: { type: "sync_trigger", entity: "task", revisionId: rev(9) },
    });
    const changes = [
      changed("task", record("milk", 5, { title: "milk" })),
      changed("task", record("tea", 7, { title: "green tea" })),
      { entity: "task", action: "deleted", id: "rent", revisionId: rev(9) },
    ];
    phone.bench.answer(phone.bench.last("send").request, 200, changesBody(changes, 9));
    expect(await phone.fetched()).toEqual([
      "no such task",
      "rent",
      "tasks",
      "tasks done",
      "tasks open",
      "tea",
    ]);
    // Those events come over the socket too, and are known.
    phone.bench.frame(event("task", record("milk", 5, { title: "milk" })));
    phone.bench.frame(event("task", record("tea", 7, { title: "green tea" })));
    phone.bench.frame(deletion("task", "rent", 9));
    expect(await phone.fetched()).toEqual([]);
  });

  it("a delta without changes refetches nothing", async () => {
    const phone = await Phone.open();
    phone.bench.feed({
      input: "push",
      trigger: { type: "sync_trigger", entity: "task", revisionId: rev(9) },
    });
    phone.bench.answer(phone.bench.last("send").request, 200, changesBody([], 9));
    expect(await phone.fetched()).toEqual([]);
  });

  it("a full sync refetches what differs from before, and what is gone", async () => {
    const phone = await Phone.open();
    phone.bench.feed({ input: "refresh" });
    const all = [
      changed("contact", record("ann", 1, { name: "Ann" })),
      changed("contact", record("bob", 2, { name: "Bob" })),
      changed("task", record("tea", 8, { title: "green tea" })),
    ];
    phone.bench.answer(phone.bench.last("send").request, 200, changesBody(all, 9));
    expect(await phone.fetched()).toEqual(["rent", "tasks", "tasks done", "tasks open", "tea"]);
  });
});

describe("own edits", () => {
  it("refetch at once, when the server has them, and when they no longer wait; their echo refetches nothing", async () => {
    const phone = await Phone.open();
    const concerned = ["tasks", "tasks open", "tea"];
    phone.bench.edit({ entity: "task", operation: "update", recordId: "tea", payload: { title: "mine" } });
    expect(await phone.fetched()).toEqual(concerned);
    expect(phone.app.data(TEA)?.[0]?.fields).toEqual({ title: "mine" });
    phone.bench.flush();
    const saved = record("tea", 5, { title: "mine" });
    phone.bench.answer(phone.bench.last("send").request, 200, done(saved, 5));
    expect(await phone.fetched()).toEqual(concerned);
    phone.bench.flush();
    expect(await phone.fetched()).toEqual(concerned);
    phone.bench.frame(event("task", saved, { deviceId: "phone" }));
    phone.bench.flush();
    expect(await phone.fetched()).toEqual([]);
  });

  it("a deletion refetches where the record was, and what holds its revision; its echo refetches nothing, twice or not", async () => {
    const phone = await Phone.open();
    phone.bench.edit({ entity: "task", operation: "delete", recordId: "rent" });
    expect(await phone.fetched()).toEqual(["rent", "tasks", "tasks done"]);
    phone.bench.flush();
    phone.bench.answer(phone.bench.last("send").request, 200, done(null, 5));
    expect(await phone.fetched()).toEqual(["rent", "tasks"]);
    phone.bench.flush();
    phone.bench.frame(deletion("task", "rent", 5));
    phone.bench.frame(deletion("task", "rent", 5));
    expect(await phone.fetched()).toEqual([]);
  });

  it("[QUE-2] one that is refused is rolled back on every screen that showed it", async () => {
    const phone = await Phone.open();
    phone.bench.edit({ entity: "task", operation: "update", recordId: "tea", payload: { done: true } });
    expect(await phone.fetched()).toEqual(["tasks", "tasks done", "tasks open", "tea"]);
    phone.bench.flush();
    const refusal = { error: "invalid_request", message: "no" };
    phone.bench.answer(phone.bench.last("send").request, 400, refusal);
    phone.bench.flush();
    expect(await phone.fetched()).toEqual(["tasks", "tasks done", "tasks open", "tea"]);
    expect(phone.app.data(TEA)?.[0]?.fields).toEqual({ title: "tea" });
  });

  it("[QUE-12] an event under an edit that waits refetches what it changes, and shows the edit on top", async () => {
    const phone = await Phone.open();
    phone.bench.edit({ entity: "task", operation: "update", recordId: "tea", payload: { title: "mine" } });
    await phone.fetched();
    phone.bench.frame(event("task", record("tea", 5, { title: "theirs", notes: "new" })));
    expect(await phone.fetched()).toEqual(["tasks", "tasks open", "tea"]);
    expect(phone.app.data(TEA)?.[0]?.fields).toEqual({ title: "mine", notes: "new" });
  });
});

function changed(entity: Entity, data: ReturnType<typeof record>): object {
  return { entity, action: "updated", id: data.id, revisionId: data.revisionId, data };
}

/** One step of a device in a hostile world: what was seen before and after it, and what it put out. */
interface Step {
  readonly input: DeviceInput["input"];
  readonly before: readonly ReplicaRecord[];
  readonly after: readonly ReplicaRecord[];
  readonly outputs: readonly DeviceOutput[];
}

const WORLD_VIEWS: readonly View[] = [
  { name: "contacts", entity: "contact" },
  { name: "tasks", entity: "task" },
  { name: "lists", entity: "list" },
  { name: "changed tasks", entity: "task", filter: ({ title }) => String(title).startsWith("u") },
  { name: "noted contacts", entity: "contact", filter: ({ notes }) => notes !== undefined },
  ...["contact-0", "contact-1"].map((id): View => ({ name: id, entity: "contact", id })),
  ...["task-0", "task-2", "task-9"].map((id): View => ({ name: id, entity: "task", id })),
  ...["list-0", "list-1"].map((id): View => ({ name: id, entity: "list", id })),
];

describe("whatever happens", () => {
  it("[EVT-14, QUE-2] every screen shows what is there, and none is fetched for what it does not show", async () => {
    let refetched = 0;
    let idle = 0;
    for (let seed = 1; seed <= 40; seed++) {
      const world = new World(seed);
      const steps = recorded(world.bench);
      let truth = world.bench.replica;
      let app = await openWorld(world, () => truth);
      steps.splice(0);
      const marks = new Marks();
      for (let act = 0; act < 120; act++) {
        world.act();
        for (const step of steps.splice(0)) {
          truth = step.after;
          if (step.input === "started") {
            app.end();
            app = await openWorld(world, () => truth);
            marks.clear();
            marks.take(step);
            continue;
          }
          await app.take(step.outputs);
          const fetched = app.takeFetched();
          marks.take(step);
          for (const view of WORLD_VIEWS) {
            const place = `seed ${seed}, act ${act}, ${step.input}: ${view.name}`;
            const before = answerOf(view, step.before);
            const after = answerOf(view, step.after);
            expect(app.data(view), place).toEqual(after);
            const differs = !jsonEqual(before, after) || marks.concern(view, [...before, ...after]);
            const times = fetched.filter((name) => name === view.name).length;
            expect(times, place).toBe(differs ? 1 : 0);
            if (differs) refetched++;
            else idle++;
          }
        }
      }
      app.end();
    }
    expect(refetched).toBeGreaterThan(1_000);
    expect(idle).toBeGreaterThan(10 * refetched);
  });
});

/** Every step from now on, as it happens. */
function recorded(bench: Bench): Step[] {
  const steps: Step[] = [];
  const feed = bench.feed.bind(bench);
  bench.feed = (input) => {
    const before = bench.replica;
    const outputs = feed(input);
    steps.push({ input: input.input, before, after: bench.replica, outputs });
    return outputs;
  };
  return steps;
}

/** The app starts, reads all that it has screens for, and has each on the screen. */
async function openWorld(world: World, truth: () => readonly ReplicaRecord[]): Promise<QueryApp> {
  const app = new QueryApp((view) => answerOf(view, truth()));
  apps.push(app);
  for (const view of WORLD_VIEWS) {
    world.read(readOf(view));
    await app.open(view);
  }
  app.takeFetched();
  return app;
}

/** What screens show beside fields: that an edit waits, and the revision underneath, of a record that is gone too. */
class Marks {
  private readonly waiting = new Map<string, string>();
  private readonly revisions = new Map<string, string | undefined>();
  private readonly nowWaiting = new Set<string>();
  private readonly moved = new Map<string, Entity>();

  take({ outputs }: Step): void {
    this.nowWaiting.clear();
    this.moved.clear();
    for (const output of outputs) {
      if (output.output !== "show") continue;
      const { entity, id, revision } = output;
      const waits = output.waiting.join(" ");
      if ((this.waiting.get(id) ?? "") !== waits) this.nowWaiting.add(id);
      if (this.revisions.get(id) !== revision) this.moved.set(id, entity);
      this.waiting.set(id, waits);
      this.revisions.set(id, revision);
    }
  }

  /** True when a mark of what the view shows is another now; a filtered view shows only what is in it. */
  concern(view: View, shown: readonly ReplicaRecord[]): boolean {
    if (shown.some(({ id }) => this.nowWaiting.has(id) || this.moved.has(id))) return true;
    if (view.filter) return false;
    if (view.id !== undefined) return this.moved.has(view.id);
    return [...this.moved.values()].includes(view.entity);
  }

  clear(): void {
    this.waiting.clear();
    this.revisions.clear();
  }
}
