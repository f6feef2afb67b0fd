import { formatCount } from "../report/format.ts";
import type { Reporter } from "../report/reporter.ts";
import type { ReferenceEvent } from "../references/contract.ts";

/** Events that show one cell or reference each, of which there can be millions. */
const ONE_BY_ONE: ReadonlySet<ReferenceEvent["type"]> = new Set(["cell-rewritten", "cell-restored", "reference-kept"]);

/** People see the first few cells and how many more there are; programs get all of them. */
export interface ShownCells {
  readonly onEvent: (event: ReferenceEvent) => void;
  end(): void;
}

export function shownCells(reporter: Reporter, most: number): ShownCells {
  let seen = 0;
  return {
    onEvent(event) {
      if (ONE_BY_ONE.has(event.type) && reporter.kind !== "json") {
        seen += 1;
        if (seen > most) return;
      }
      reporter.event(event);
    },
    end() {
      if (seen > most) reporter.line(`… and ${formatCount(seen - most)} more; --json lists all of them.`);
    },
  };
}
