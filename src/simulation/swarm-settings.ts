/**
 * Owns what a swarm draws that is no fault: the size of the run, how the proxy is set, how busy people are.
 * Refuses to draw.
 */

import type { ScenarioValue } from "./swarm-faults.ts";

/** A setting, and what it may be; what stands in the list twice comes twice as often. */
export interface SwarmSetting {
  readonly path: string;
  readonly choices: readonly ScenarioValue[];
}

const ALL_PHASES = [1, 2, 3, 4, 5] as const;
/** A proxy and apps on their way through the roadmap; mostly they have arrived. */
const PHASES: readonly ScenarioValue[] = [
  ...Array.from({ length: 12 }, () => ALL_PHASES),
  [1, 2, 3],
  [1, 2, 3, 4],
  [1, 2, 3, 5],
  [1, 2],
];

/** Small fleets and short runs: a second each, so that hundreds of mixtures can be tried. */
export const SWARM_SETTINGS: readonly SwarmSetting[] = [
  { path: "duration", choices: ["1d", "1d", "36h", "2d"] },
  { path: "fleet.accounts", choices: [2, 3, 4] },
  { path: "fleet.devicesPerAccount", choices: [2, 3, 4] },
  { path: "fleet.records.contact", choices: [2, 6, 12] },
  { path: "fleet.records.task", choices: [2, 6, 12] },
  { path: "fleet.records.list", choices: [1, 3] },
  { path: "fleet.itemsPerList", choices: [0, 3, 6] },
  { path: "fleet.phases", choices: PHASES },
  { path: "fleet.batchFrom", choices: [2, 3, 6] },
  { path: "habits.sessionsPerDay", choices: [5, 10, 16] },
  { path: "habits.together", choices: ["10%", "40%", "70%"] },
  { path: "workload.editsPerDay", choices: [8, 16, 30, 120] },
  { path: "workload.scrolls", choices: ["0%", "0%", "40%"] },
  { path: "workload.conflicts.always.contact", choices: ["drawn", "mine", "server", "merge"] },
  { path: "workload.conflicts.always.task", choices: ["drawn", "mine", "server", "merge"] },
  { path: "workload.hotRecords", choices: [1, 2, 6] },
  {
    path: "workload.entities",
    choices: [
      { contact: "30%", task: "45%", list: "25%" },
      { contact: "90%", task: "5%", list: "5%" },
      { contact: "5%", task: "35%", list: "60%" },
    ],
  },
  { path: "workload.hot", choices: ["30%", "60%", "90%"] },
  { path: "workload.burst", choices: ["5%", "30%"] },
  { path: "workload.refreshesPerDay", choices: [0, 0.5, 3] },
  {
    path: "workload.operations",
    choices: [
      { create: "18%", update: "74%", delete: "8%" },
      { create: "30%", update: "50%", delete: "20%" },
      { create: "8%", update: "90%", delete: "2%" },
    ],
  },
  { path: "proxy.instances", choices: [1, 2, 3] },
  { path: "proxy.mode", choices: ["enforce", "enforce", "enforce", "enforce", "enforce", "advisory", "off"] },
  { path: "proxy.ifMatch", choices: ["optional", "required"] },
  { path: "proxy.resolvedBy", choices: ["server", "client"] },
  { path: "proxy.retention", choices: ["10m", "2h", "12h", "30d"] },
  { path: "proxy.deltaLimitMax", choices: [2, 3, 5, 20] },
  { path: "proxy.mutationsMax", choices: [2, 10, 50] },
];
