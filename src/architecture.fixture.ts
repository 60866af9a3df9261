/**
 * Owns the reading of this project's own source: what imports what, and whether docs/architecture.md allows it.
 * Refuses to know which code is good inside a file: that is architecture-purity.fixture.ts.
 */

import { posix } from "node:path";
import {
  isCallExpression,
  isExportDeclaration,
  isImportDeclaration,
  isImportTypeNode,
  isLiteralTypeNode,
  isNoSubstitutionTemplateLiteral,
  isStringLiteral,
  type Node,
  type SourceFile,
  SyntaxKind,
} from "typescript/unstable/ast";
import { createVirtualFileSystem } from "typescript/unstable/fs";
import { API } from "typescript/unstable/sync";

/** One place where the source breaks the document. `file` is relative to the repository. */
export interface Breach {
  readonly wall: "table" | "apart" | "witness" | "outside" | "order" | "size" | "opening" | "hook";
  readonly file: string;
  readonly line: number;
  readonly says: string;
}

/** What one folder may import: folder to the modules of it that it may not. */
type Allowance = ReadonlyMap<string, readonly string[]>;
export type ImportTable = ReadonlyMap<string, Allowance>;

/** Repository path to text, or to its syntax tree. */
export type Texts = ReadonlyMap<string, string>;
export type Trees = ReadonlyMap<string, SourceFile>;

/** One import of any kind; `target` is a repository path, a package's name, or undefined when it is computed. */
export interface Import {
  readonly target: string | undefined;
  readonly own: boolean;
  readonly line: number;
}

/** The import table of docs/architecture.md, and the folders that it calls yet to come. */
export function parseImportTable(markdown: string): {
  readonly table: ImportTable;
  readonly toCome: readonly string[];
} {
  const table = new Map<string, Allowance>();
  const section = /\| folder \| may import[^\n]*\n\|[-|]+\|\n((?:\|.*\n)+)/.exec(markdown)?.[1] ?? "";
  for (const row of section.trimEnd().split("\n")) {
    const [folders = "", targets = ""] = row.split("|").slice(1, -1);
    for (const folder of folders.split(",")) table.set(folder.trim(), parseAllowance(targets.trim()));
  }
  const toCome = /^Yet to come: (.*)\.$/m.exec(markdown)?.[1]?.split(", ") ?? [];
  return { table, toCome };
}

function parseAllowance(text: string): Allowance {
  const allowance = new Map<string, readonly string[]>();
  if (text === "nothing") return allowance;
  for (const [, folder = "", except] of text.matchAll(/(\w+)(?: \(not ([^)]*)\))?(?:, |$)/g)) {
    allowance.set(folder, except?.split(", ") ?? []);
  }
  return allowance;
}

/** The syntax trees of these texts, by the compiler's own parser; none of them touches the disk. */
export function parseTexts(texts: Texts): Trees {
  const root = "/inspected/";
  const config = {
    compilerOptions: { noLib: true, noResolve: true, types: [], noEmit: true },
    include: ["src"],
  };
  const files = [...texts].map(([path, text]) => [root + path, text] as const);
  const fs = createVirtualFileSystem({
    [`${root}tsconfig.json`]: JSON.stringify(config),
    ...Object.fromEntries(files),
  });
  const api = new API({ cwd: root, fs });
  try {
    const project = api.updateSnapshot({ openProjects: [`${root}tsconfig.json`] }).getProjects()[0];
    const trees = new Map<string, SourceFile>();
    for (const path of texts.keys()) {
      const tree = project?.program.getSourceFile(root + path);
      if (tree === undefined) throw new Error(`the compiler did not take in ${path}`);
      trees.set(path, tree);
    }
    return trees;
  } finally {
    api.close();
  }
}

/** Line of a node, from 1. */
export function lineOf(tree: SourceFile, node: Node): number {
  return tree.text.slice(0, node.getStart(tree)).split("\n").length;
}

/** Calls `visit` for every node under `node`, itself included. */
export function walk(node: Node, visit: (node: Node) => void): void {
  visit(node);
  node.forEachChild((child) => walk(child, visit));
}

/** True for tests, and for what only tests use: the build leaves both out. */
export function isTestOnly(path: string): boolean {
  return /\.(test|fixture)\.ts$/.test(path);
}

/** The folder under src/ that a file belongs to; undefined for one outside any. */
export function folderOf(path: string): string | undefined {
  return /^src\/([^/]+)\//.exec(path)?.[1];
}

/** Every import of a file: static, `import type`, re-export, dynamic, and `import("...")` as a type. */
export function importsOf(path: string, tree: SourceFile): readonly Import[] {
  const found: Import[] = [];
  walk(tree, (node) => {
    const specifier = specifierOf(node);
    if (specifier === undefined) return;
    const literal =
      isStringLiteral(specifier) || isNoSubstitutionTemplateLiteral(specifier) ? specifier.text : undefined;
    const own = literal !== undefined && /^[./]/.test(literal);
    const target = own ? posix.join(posix.dirname(path), literal) : literal;
    found.push({ target, own, line: lineOf(tree, node) });
  });
  return found;
}

function specifierOf(node: Node): Node | undefined {
  if (isImportDeclaration(node) || isExportDeclaration(node)) return node.moduleSpecifier;
  if (isImportTypeNode(node)) return isLiteralTypeNode(node.argument) ? node.argument.literal : node.argument;
  if (isCallExpression(node) && node.expression.kind === SyntaxKind.ImportKeyword)
    return node.arguments[0] ?? node;
  return undefined;
}

/** Breaches of the import table by files that are no tests. */
export function checkTable(trees: Trees, table: ImportTable): readonly Breach[] {
  const breaches: Breach[] = [];
  for (const [file, tree] of trees) {
    if (isTestOnly(file)) continue;
    const folder = folderOf(file);
    const allowance = folder === undefined ? undefined : table.get(folder);
    if (folder === undefined || allowance === undefined) {
      breaches.push({ wall: "table", file, line: 1, says: "stands in no folder of the import table" });
      continue;
    }
    for (const { target, own, line } of importsOf(file, tree)) {
      const says =
        target === undefined
          ? "imports what only a run can tell"
          : own
            ? refusal(folder, allowance, target)
            : undefined;
      if (says !== undefined) breaches.push({ wall: "table", file, line, says });
    }
  }
  return breaches;
}

function refusal(folder: string, allowance: Allowance, target: string): string | undefined {
  if (isTestOnly(target)) return `imports ${target}, which only tests may`;
  const other = folderOf(target);
  if (other === undefined) return `imports ${target}, which is in no folder of src/`;
  if (other === folder) return undefined;
  const except = allowance.get(other);
  if (except === undefined) return `${folder} may not import ${other} (${target})`;
  return except.some((module) => isModule(target, other, module))
    ? `${folder} may not import ${target}`
    : undefined;
}

function isModule(target: string, folder: string, module: string): boolean {
  return target === `src/${folder}/${module}.ts` || target.startsWith(`src/${folder}/${module}/`);
}

/** A wall between folders: no chain of imports from one of `from` reaches one of `never`. */
interface Separation {
  readonly wall: "apart" | "witness";
  readonly from: readonly string[];
  readonly never: RegExp;
}

const SEPARATIONS: readonly Separation[] = [
  { wall: "apart", from: ["device"], never: /^src\/proxy\// },
  { wall: "apart", from: ["proxy"], never: /^src\/device\// },
  {
    wall: "witness",
    from: ["checkers", "metrics"],
    never: /^src\/(device\/|proxy\/|simulation\/|protocol\/(merge|patch|stamps)(\.ts$|\/))/,
  },
];

/** Breaches of walls 1 and 2, by whatever detour; held without the table, so that no edit of it opens them. */
export function checkSeparations(trees: Trees): readonly Breach[] {
  const breaches: Breach[] = [];
  const graph = new Map([...trees].map(([file, tree]) => [file, importsOf(file, tree)] as const));
  for (const { wall, from, never } of SEPARATIONS) {
    for (const file of trees.keys()) {
      if (isTestOnly(file) || !from.includes(folderOf(file) ?? "")) continue;
      const chain = chainTo(graph, file, never);
      if (chain !== undefined)
        breaches.push({ wall, file, line: chain.line, says: `reaches ${chain.path.join(" by way of ")}` });
    }
  }
  return breaches;
}

/** The shortest chain of imports from `start` to what matches `never`, target first. */
function chainTo(
  graph: ReadonlyMap<string, readonly Import[]>,
  start: string,
  never: RegExp,
): { readonly line: number; readonly path: readonly string[] } | undefined {
  const seen = new Set([start]);
  const queue = [{ file: start, line: 0, path: [] as readonly string[] }];
  for (const { file, line: first, path } of queue) {
    for (const { target, own, line } of graph.get(file) ?? []) {
      if (!own || target === undefined || seen.has(target)) continue;
      seen.add(target);
      const step = { file: target, line: first || line, path: [target, ...path] };
      if (never.test(target)) return step;
      queue.push(step);
    }
  }
  return undefined;
}
