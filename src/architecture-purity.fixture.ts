/**
 * Owns what may stand inside a source file: nothing of the outside world outside live/ and cli/, nothing whose
 * result differs between engines, no unit over its size, and an opening that says what the file owns.
 * Refuses to know who imports whom: that is architecture.fixture.ts.
 */

import { builtinModules } from "node:module";
import {
  type Identifier,
  isBinaryExpression,
  isCallExpression,
  isIdentifier,
  isMetaProperty,
  isNumericLiteral,
  isPropertyAccessExpression,
  isQualifiedName,
  type Node,
  type SourceFile,
  SyntaxKind,
} from "typescript/unstable/ast";
import {
  type Breach,
  folderOf,
  importsOf,
  isTestOnly,
  lineOf,
  type Trees,
  walk,
} from "./architecture.fixture.ts";

const FILE_LINES_MAX = 400;
const FUNCTION_LINES_MAX = 70;
const OPENING_LINES_MIN = 2;
const OPENING_LINES_MAX = 6;

/** The folders that may touch the outside. */
const OUTSIDE_FOLDERS: ReadonlySet<string | undefined> = new Set(["live", "cli"]);

/** Names of the outside: time, waiting, randomness, processes, networks, and the ways around this list. */
const OUTSIDE_NAMES: ReadonlySet<string> = new Set([
  ...[
    "Promise",
    "Date",
    "Temporal",
    "performance",
    "process",
    "crypto",
    "fetch",
    "WebSocket",
    "XMLHttpRequest",
  ],
  ...[
    "setTimeout",
    "setInterval",
    "setImmediate",
    "queueMicrotask",
    "clearTimeout",
    "clearInterval",
    "clearImmediate",
  ],
  ...["globalThis", "global", "require", "eval", "Function", "console", "WeakRef", "FinalizationRegistry"],
]);

/** What of Math IEEE 754 or the language fixes to the last bit. */
const MATH_EXACT: ReadonlySet<string> = new Set([
  "abs",
  "ceil",
  "clz32",
  "floor",
  "fround",
  "imul",
  "max",
  "min",
  "round",
  "sign",
  "sqrt",
  "trunc",
]);

const FUNCTION_KINDS: ReadonlySet<SyntaxKind> = new Set([
  SyntaxKind.FunctionDeclaration,
  SyntaxKind.FunctionExpression,
  SyntaxKind.ArrowFunction,
  SyntaxKind.MethodDeclaration,
  SyntaxKind.Constructor,
  SyntaxKind.GetAccessor,
  SyntaxKind.SetAccessor,
]);

/** Kinds whose `name` is a member's and refers to nothing. */
const MEMBER_KINDS: ReadonlySet<SyntaxKind> = new Set([
  SyntaxKind.PropertyAssignment,
  SyntaxKind.PropertySignature,
  SyntaxKind.PropertyDeclaration,
  SyntaxKind.MethodDeclaration,
  SyntaxKind.MethodSignature,
  SyntaxKind.GetAccessor,
  SyntaxKind.SetAccessor,
  SyntaxKind.PropertyAccessExpression,
  SyntaxKind.NamedTupleMember,
]);

/** Breaches of wall 3: the outside world, in folders that must be synchronous and deterministic. */
export function checkOutside(trees: Trees): readonly Breach[] {
  return inSources(trees, (file, tree, report) => {
    if (OUTSIDE_FOLDERS.has(folderOf(file))) return;
    for (const { target, line } of importsOf(file, tree)) {
      if (target !== undefined && isNodeModule(target)) report("outside", line, `imports ${target}`);
    }
    walk(tree, (node) => {
      const says = outsideOf(node);
      if (says !== undefined) report("outside", lineOf(tree, node), says);
    });
  });
}

function isNodeModule(target: string): boolean {
  return target.startsWith("node:") || builtinModules.includes(target);
}

function outsideOf(node: Node): string | undefined {
  if (node.kind === SyntaxKind.AsyncKeyword) return "async";
  if (node.kind === SyntaxKind.AwaitExpression || node.kind === SyntaxKind.AwaitKeyword) return "await";
  if (isMetaProperty(node) && node.keywordToken === SyntaxKind.ImportKeyword) return "import.meta";
  if (isCallExpression(node) && node.expression.kind === SyntaxKind.ImportKeyword)
    return "a dynamic import waits";
  if (isBinaryExpression(node)) return powerOf(node.operatorToken.kind, node.left, node.right);
  if (!isIdentifier(node) || isMemberName(node)) return undefined;
  if (node.text === "Math") return mathOf(node);
  return OUTSIDE_NAMES.has(node.text) ? node.text : undefined;
}

function mathOf(node: Identifier): string | undefined {
  const parent = node.parent;
  if (!isPropertyAccessExpression(parent) || parent.expression !== node)
    return "Math, not by a name of one of its functions";
  return MATH_EXACT.has(parent.name.text) || isConstant(parent.name) ? undefined : `Math.${parent.name.text}`;
}

/** Powers of constants are computed once and are the same everywhere; others differ in their last bit. */
function powerOf(operator: SyntaxKind, left: Node, right: Node): string | undefined {
  if (operator === SyntaxKind.AsteriskAsteriskEqualsToken) return "**=";
  if (operator !== SyntaxKind.AsteriskAsteriskToken) return undefined;
  return isConstant(left) && isConstant(right) ? undefined : "** between what are no constants";
}

function isConstant(node: Node): boolean {
  return isNumericLiteral(node) || (isIdentifier(node) && /^[A-Z][A-Z0-9_]*$/.test(node.text));
}

function isMemberName(node: Identifier): boolean {
  const parent = node.parent as Node & { readonly name?: Node; readonly propertyName?: Node };
  if (MEMBER_KINDS.has(parent.kind)) return parent.name === node;
  if (parent.kind === SyntaxKind.BindingElement) return parent.propertyName === node;
  return isQualifiedName(parent) && parent.right === node;
}

/** Breaches of order: a sort without a comparator, or anything that a locale decides. */
export function checkOrder(trees: Trees): readonly Breach[] {
  return inSources(trees, (_file, tree, report) => {
    walk(tree, (node) => {
      if (isIdentifier(node) && node.text === "Intl" && !isMemberName(node))
        report("order", lineOf(tree, node), "Intl");
      if (!isPropertyAccessExpression(node)) return;
      const name = node.name.text;
      if (/^(localeCompare|toLocale\w*)$/.test(name)) report("order", lineOf(tree, node), name);
      if (name !== "sort" && name !== "toSorted") return;
      const call = node.parent;
      if (!isCallExpression(call) || call.expression !== node || call.arguments.length === 0) {
        report("order", lineOf(tree, node), `${name} without a comparator`);
      }
    });
  });
}

/** Breaches of size. Tests have the size of files too; their functions are lists of cases. */
export function checkSizes(trees: Trees): readonly Breach[] {
  const breaches: Breach[] = [];
  for (const [file, tree] of trees) {
    const lines = tree.text.replace(/\n$/, "").split("\n").length;
    if (lines > FILE_LINES_MAX) breaches.push({ wall: "size", file, line: 1, says: `has ${lines} lines` });
  }
  const inFunctions = inSources(trees, (_file, tree, report) => {
    walk(tree, (node) => {
      if (!FUNCTION_KINDS.has(node.kind)) return;
      const lines = tree.text.slice(node.getStart(tree), node.end).split("\n").length;
      if (lines > FUNCTION_LINES_MAX) report("size", lineOf(tree, node), `a function of ${lines} lines`);
    });
  });
  return [...breaches, ...inFunctions];
}

/** Breaches of opening: two to six lines of text in a comment at the very start of the file. */
export function checkOpenings(trees: Trees): readonly Breach[] {
  return inSources(trees, (_file, tree, report) => {
    const comment = /^\/\*[\s\S]*?\*\/|^(?:\/\/.*\n)+/.exec(tree.text)?.[0] ?? "";
    const lines = comment.split("\n").filter((line) => /[\p{L}\p{N}]/u.test(line)).length;
    if (lines < OPENING_LINES_MIN || lines > OPENING_LINES_MAX)
      report("opening", 1, `opens with ${lines} lines of comment`);
  });
}

/** What test files share registers no hook when it is loaded: files of one worker load it once, and only the first had it. */
export function checkHooks(trees: Trees): readonly Breach[] {
  const breaches: Breach[] = [];
  for (const [file, tree] of trees) {
    if (!file.endsWith(".fixture.ts")) continue;
    for (const [nth, line] of tree.text.split("\n").entries()) {
      const [hook] = /^(?:before|after)(?:Each|All)\b/.exec(line) ?? [];
      if (hook !== undefined)
        breaches.push({ wall: "hook", file, line: nth + 1, says: `${hook} as it is loaded` });
    }
  }
  return breaches;
}

type Report = (wall: Breach["wall"], line: number, says: string) => void;

function inSources(
  trees: Trees,
  check: (file: string, tree: SourceFile, report: Report) => void,
): readonly Breach[] {
  const breaches: Breach[] = [];
  for (const [file, tree] of trees) {
    if (!isTestOnly(file)) check(file, tree, (wall, line, says) => breaches.push({ wall, file, line, says }));
  }
  return breaches;
}
