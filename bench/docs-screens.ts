/**
 * Owns remaking the screens of README.md and docs/ (screens.ts). Run it by `npm run readme` after a change of what a command
 * prints.
 * Refuses to touch anything else.
 */

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { takeScreen, withScreens } from "./screens.ts";

const docs = new URL("../docs/", import.meta.url);
const pages = readdirSync(docs)
  .filter((name) => name.endsWith(".md"))
  .map((name) => new URL(name, docs));
for (const page of [new URL("../README.md", import.meta.url), ...pages]) {
  const path = fileURLToPath(page);
  const before = readFileSync(path, "utf8");
  const after = withScreens(before, takeScreen);
  if (after !== before) writeFileSync(path, after);
}
