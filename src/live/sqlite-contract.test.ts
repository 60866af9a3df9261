/**
 * Owns the proof that the SQLite store keeps the store's contract.
 */

import { declareStoreContract } from "../proxy/store-contract.fixture.ts";
import { clearShelfAfterEach, openStore } from "./sqlite-shelf.fixture.ts";

clearShelfAfterEach();

declareStoreContract("sqlite store", () => openStore().desk);
