import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { readCells, type CellSource, type TableCell } from "./cells.ts";
import type { Look, OldReference, WatchOptions } from "./contract.ts";
import { masked } from "./text/mask.ts";

/**
 * Looks again and again for rows that still arrive with old URLs. Postgres tells which row versions are new, so a look costs
 * no search through old texts; elsewhere every look reads everything, and what it has seen before is not told again.
 */
export async function* watchReferences(source: CellSource, options: WatchOptions): AsyncGenerator<Look> {
  const { signal, onEvent, intervalMs, onFound } = options;
  let seen = new Set<string>();
  let since: string | undefined;
  for (let isFirst = true; ; isFirst = false) {
    const moment = await source.dialect.moment();
    const look = { cells: 0, references: 0 };
    const before = seen;
    // A row that was written while the look before was under way is new to both.
    if (moment !== undefined) seen = new Set();
    const guards = new Set<string>();
    for await (const cells of readCells(source, { signal, onEvent, since, tells: isFirst })) {
      for (const cell of cells) {
        const found = oldReferences(cell);
        if (found.length === 0) continue;
        if (moment === undefined || !isFirst) {
          const id = identityOf(cell);
          if (before.has(id)) continue;
          seen.add(id);
        }
        look.cells += 1;
        look.references += found.length;
        for (const guard of guardsFor(cell, source)) guards.add(guard);
        if (!isFirst || intervalMs === undefined) found.forEach(onFound);
      }
    }
    yield { isFirst, ...look, guards: [...guards] };
    if (intervalMs === undefined) return;
    since = moment;
    await sleep(intervalMs, undefined, { signal });
  }
}

function oldReferences({ cell, leaves }: TableCell): OldReference[] {
  return leaves.flatMap((leaf) =>
    leaf.occurrences.flatMap(({ start, path, readings: [reading] }) =>
      reading?.side === "source"
        ? [
            {
              ...cell,
              path,
              text: masked(leaf.text.slice(start, reading.end)),
              route: reading.route,
              key: reading.key,
            },
          ]
        : [],
    ),
  );
}

/** Of a cell and what is in it: a cell that gets another old URL is news. */
function identityOf({ table, column, key, text }: TableCell): string {
  return createHash("sha256")
    .update(JSON.stringify([table.label, column.name, key, text]))
    .digest("base64");
}

function guardsFor({ table, column }: TableCell, { dialect, routes }: CellSource): string[] {
  if (column.keysOf !== undefined) return [];
  const hosts = routes.flatMap(({ source }) => source.urlHosts).filter((host) => !host.startsWith("*."));
  return [...new Set(hosts)].slice(0, 1).flatMap((host) => dialect.guard(table, column, host) ?? []);
}
