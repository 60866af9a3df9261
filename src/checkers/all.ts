/**
 * Owns the list of checkers that judge a run: all that a history shows, of proxy, devices and the whole.
 * Refuses to judge. What they know in common reaches them through one witness, which the first of them tells.
 */

import { createDeviceCheckers } from "./device/all.ts";
import type { Checker } from "./port.ts";
import { createBat1Checker } from "./proxy/bat-1.ts";
import { createBat2Checker } from "./proxy/bat-2.ts";
import { createBat3Checker } from "./proxy/bat-3.ts";
import { createBat8Checker } from "./proxy/bat-8.ts";
import { createCon1Checker } from "./proxy/con-1.ts";
import { createCon2Checker } from "./proxy/con-2.ts";
import { createCon3Checker } from "./proxy/con-3.ts";
import { createCon4Checker } from "./proxy/con-4.ts";
import { createCon8Checker } from "./proxy/con-8.ts";
import { createCon9Checker } from "./proxy/con-9.ts";
import { createCon10Checker } from "./proxy/con-10.ts";
import { createCon11Checker } from "./proxy/con-11.ts";
import { createCon12Checker } from "./proxy/con-12.ts";
import { createDlt13Checker } from "./proxy/dlt-13.ts";
import { createEvt1Checker } from "./proxy/evt-1.ts";
import { createEvt2Checker } from "./proxy/evt-2.ts";
import { createEvt3Checker } from "./proxy/evt-3.ts";
import { createEvt4Checker } from "./proxy/evt-4.ts";
import { createEvt5Checker } from "./proxy/evt-5.ts";
import { createEvt7Checker } from "./proxy/evt-7.ts";
import { createIdm1Checker } from "./proxy/idm-1.ts";
import { createMrg1Checker } from "./proxy/mrg-1.ts";
import { createMrg3Checker } from "./proxy/mrg-3.ts";
import { createMrg5Checker } from "./proxy/mrg-5.ts";
import { createMrg8Checker } from "./proxy/mrg-8.ts";
import { createPsh2Checker } from "./proxy/psh-2.ts";
import { createPsh5Checker } from "./proxy/psh-5.ts";
import { createRev3Checker } from "./proxy/rev-3.ts";
import { createRev4Checker } from "./proxy/rev-4.ts";
import { createRev5Checker } from "./proxy/rev-5.ts";
import { createRev6Checker } from "./proxy/rev-6.ts";
import { createRev8Checker } from "./proxy/rev-8.ts";
import { createSec3Checker } from "./proxy/sec-3.ts";
import { createSys1Checker } from "./system/sys-1.ts";
import { createSys2Checker } from "./system/sys-2.ts";
import { createSys3Checker } from "./system/sys-3.ts";
import { createSys4Checker } from "./system/sys-4.ts";
import { createSys5Checker } from "./system/sys-5.ts";
import { createSys6Checker } from "./system/sys-6.ts";
import { createSys7Checker } from "./system/sys-7.ts";
import { createWitness, ofPhones, type Ruling, STRICT, telling, type Witness } from "./witness.ts";

/**
 * Every checker, new, for one run. `ruling` says how the proxy was set during it: rules that hold only in one mode
 * are silent in others. They are one fold in parts: told all of them or none, in this order, for the first one
 * tells the witness.
 */
export function createCheckers(ruling: Ruling = STRICT): readonly Checker[] {
  const witness = createWitness(ruling, true);
  const servers = [...PROXY, ...SYSTEM].map((create) => create(witness));
  const checkers = [...servers, ...createDeviceCheckers(witness)];
  return checkers.map((checker, index) =>
    index === 0 ? telling(witness, checker) : ofPhones(ruling, checker),
  );
}

const PROXY: readonly ((witness: Witness) => Checker)[] = [
  createRev3Checker,
  createRev4Checker,
  createRev5Checker,
  createRev6Checker,
  createRev8Checker,
  createSec3Checker,
  createEvt1Checker,
  createEvt2Checker,
  createEvt3Checker,
  createEvt4Checker,
  createEvt5Checker,
  createEvt7Checker,
  createCon1Checker,
  createCon2Checker,
  createCon3Checker,
  createCon4Checker,
  createCon8Checker,
  createCon9Checker,
  createCon10Checker,
  createCon11Checker,
  createCon12Checker,
  createMrg1Checker,
  createMrg3Checker,
  createMrg5Checker,
  createMrg8Checker,
  createIdm1Checker,
  createBat1Checker,
  createBat2Checker,
  createBat3Checker,
  createBat8Checker,
  createPsh2Checker,
  createPsh5Checker,
  createDlt13Checker,
];

const SYSTEM: readonly ((witness: Witness) => Checker)[] = [
  createSys1Checker,
  createSys2Checker,
  createSys3Checker,
  createSys4Checker,
  createSys5Checker,
  createSys6Checker,
  createSys7Checker,
];
