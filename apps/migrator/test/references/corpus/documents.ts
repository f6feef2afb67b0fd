import { globSync, readFileSync, statSync } from "node:fs";
import { extname, join } from "node:path";

/** A text that somebody wrote for another purpose. */
export interface Document {
  readonly path: string;
  /** Of its name, without the dot. */
  readonly kind: string;
  readonly text: string;
}

const LONGEST = 32 * 1024;
/** All there are of these; programs fill up the rest. */
const RARE = ["md", "json", "css", "html", "svg", "yml", "xml"];
const PLENTY = ["ts", "js"];

/**
 * Files of the installed packages: the same ones wherever the same packages are installed. Of each kind but programs all,
 * then as many programs as `wanted` leaves, evenly spread.
 */
export function documents(root: string, wanted: number): readonly Document[] {
  const rare = RARE.flatMap((kind) => pathsOf(root, kind));
  const plenty = PLENTY.flatMap((kind) => pathsOf(root, kind));
  const step = Math.max(1, Math.floor(plenty.length / Math.max(1, wanted - rare.length)));
  return [...rare, ...plenty.filter((_path, index) => index % step === 0)].flatMap((path): Document[] => {
    const text = readFileSync(join(root, path), "utf8");
    // What is no text cannot stand in a column of text.
    return text.includes("\u0000") || text.includes("\ufffd") ? [] : [{ path, kind: extname(path).slice(1), text }];
  });
}

function pathsOf(root: string, kind: string): string[] {
  const paths = globSync(`*/node_modules/**/*.${kind}`, { cwd: root });
  return paths.filter((path) => isSmallFile(join(root, path))).toSorted((a, b) => (a < b ? -1 : 1));
}

function isSmallFile(path: string): boolean {
  // Packages link to each other; each is read once, in its own folder.
  const found = statSync(path, { throwIfNoEntry: false });
  return found?.isFile() === true && found.size > 0 && found.size <= LONGEST;
}
