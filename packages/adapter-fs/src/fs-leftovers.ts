import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { FsLayout } from "./fs-layout.ts";

/** What nobody has touched for so long was left by a process that died, and not by one that is about to rename. */
const ABANDONED_AFTER_MS = 24 * 60 * 60 * 1000;
/** Looking costs as much as many puts, and there is seldom anything to find. */
const WRITES_BETWEEN_LOOKS = 256;

/**
 * Removes what killed writers have left: bodies without a key, uploads in parts that were not begun, and sidecars of versions that never came or that two
 * processes replaced at once. Nobody ever sees these; they only take room. Looks after the first write of a process and
 * then now and again, at the key that was just written.
 */
export class Leftovers {
  readonly #layout: FsLayout;
  #writes = 0;

  constructor(layout: FsLayout) {
    this.#layout = layout;
  }

  /** @param current the identity of the key's version now; undefined when it was deleted */
  async afterWrite(key: string, current: string | undefined): Promise<void> {
    this.#writes += 1;
    if (this.#writes % WRITES_BETWEEN_LOOKS !== 1) return;
    const { folder, prefix } = this.#layout.sidecars(key);
    await removeAbandoned(this.#layout.temporary, () => true);
    await removeAbandoned(this.#layout.temporaryNew, () => true);
    await removeAbandoned(folder, (name) => name.startsWith(prefix) && name !== `${prefix}${current}.json`);
  }
}

async function removeAbandoned(folder: string, isOurs: (name: string) => boolean): Promise<void> {
  const before = Date.now() - ABANDONED_AFTER_MS;
  try {
    for (const name of await readdir(folder)) {
      if (!isOurs(name)) continue;
      const path = join(folder, name);
      if ((await stat(path)).mtimeMs < before) await rm(path, { recursive: true, force: true });
    }
  } catch {
    // The write that came before is done, whatever keeps us from tidying up behind others.
  }
}
