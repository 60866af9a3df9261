/**
 * Owns what the files are called that `init` writes, from the folder that it writes into.
 * Refuses to know what is in them.
 */

export const INIT_FILES = {
  profile: "zeke-sync.yaml",
  baseline: "zeke-sync.baseline.yaml",
  workflow: ".github/workflows/zeke-sync.yml",
} as const;
