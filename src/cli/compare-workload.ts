/**
 * Owns which workload the stages of the roadmap are compared on: the scenario, how much of it, and how it is cut to size.
 * Refuses to run it.
 */

import { DAY_MS, formatDuration, HOUR_MS } from "../base/time.ts";
import type { Scenario } from "../simulation/scenario.ts";
import { UsageFault } from "./exit.ts";
import { adjust } from "./override.ts";
import { readScenario } from "./scenario-file.ts";

/** Without a scenario: commuters whose households share more, and whose lists come whole, as today's app asks for them. */
const DEFAULT_SCENARIO = "commuter";
const DEFAULT_SET = ["habits.together=50%", "workload.editsPerDay=16", "proxy.deltaLimitMax=200"] as const;

/** More than that takes longer than it shows. */
const DEVICES_MAX = 90;
const DURATION_MS_MAX = 3 * DAY_MS;

/** Records of an account, for how cost grows. */
export const SIZES = [100, 1_000, 10_000] as const;
const SIZE_ACCOUNTS = 2;
const SIZE_DEVICES = 3;
const SIZE_ITEMS = 5;
const SIZE_SESSIONS = 4;
const SIZE_HOURS = 8;
const SIZE_LIMIT = 500;

export interface WorkloadRequest {
  readonly scenario: string | undefined;
  readonly devices: number | undefined;
  readonly duration: string | undefined;
  readonly set: readonly string[];
}

export interface Workload {
  readonly scenario: Scenario;
  readonly notes: readonly string[];
}

/** The scenario as it is to be played. UsageFault when there is none of the name, or a setting is wrong. */
export function chooseWorkload(request: WorkloadRequest, cwd: string): Workload {
  const stray = request.set.find((change) => /^fleet\.phases\s*=|^fleet\s*=/.test(change));
  if (stray !== undefined)
    throw new UsageFault(
      `--set ${stray}: compare --phases plays every stage of the roadmap, and sets the phases itself`,
    );
  const file = readScenario(request.scenario ?? DEFAULT_SCENARIO, cwd);
  const set = [...(request.scenario === undefined ? DEFAULT_SET : []), ...request.set];
  const { devices, duration } = request;
  const { scenario: asked, notes } = adjust(file, { set, devices, duration });
  const { accounts, devicesPerAccount } = asked.fleet;
  const accountsMax = Math.max(1, Math.floor(DEVICES_MAX / devicesPerAccount));
  const scenario: Scenario = {
    ...asked,
    fleet: { ...asked.fleet, accounts: devices === undefined ? Math.min(accounts, accountsMax) : accounts },
    duration: duration === undefined ? Math.min(asked.duration, DURATION_MS_MAX) : asked.duration,
    // What is compared is the phases: not what apps that are replaced in mid-run do, nor thresholds.
    thresholds: [],
  };
  const isCut = scenario.fleet.accounts < accounts || scenario.duration < asked.duration;
  const cut = `${scenario.fleet.accounts * devicesPerAccount} devices for ${formatDuration(scenario.duration)} are compared, of what ${scenario.name} has; --devices and --duration say otherwise.`;
  return { scenario, notes: isCut && request.scenario !== undefined ? [...notes, cut] : notes };
}

/** The same people with an account of so many records, for a few hours of the day. */
export function sizedWorkload(scenario: Scenario, records: number): Scenario {
  const { fleet, habits, workload, proxy } = scenario;
  const list = Math.ceil(records / 20);
  const contact = Math.floor((records - list) / 2);
  return {
    ...scenario,
    duration: SIZE_HOURS * HOUR_MS,
    fleet: {
      ...fleet,
      accounts: Math.min(fleet.accounts, SIZE_ACCOUNTS),
      devicesPerAccount: Math.min(fleet.devicesPerAccount, SIZE_DEVICES),
      itemsPerList: Math.min(fleet.itemsPerList, SIZE_ITEMS),
      records: { contact, task: records - list - contact, list },
    },
    habits: { ...habits, awake: [0, 24], sessionsPerDay: Math.min(habits.sessionsPerDay, SIZE_SESSIONS) },
    // Who pulls to refresh asks for everything, at every stage.
    workload: { ...workload, refreshesPerDay: 0 },
    proxy: { ...proxy, deltaLimitMax: Math.max(SIZE_LIMIT, proxy.deltaLimitMax) },
  };
}
