import type { ObjectChange, ObjectRecord } from "@bucketferry/ledger";
import type { Shard } from "./child-messages.ts";

/** Objects that a child has and of which it has not said what became of them. */
export interface HeldObjects {
  give(shard: Shard): void;
  settle(changes: readonly ObjectChange[]): void;
  /** What is left, as the ledger will have it. */
  left(): Shard;
}

export function heldObjects(): HeldObjects {
  const held = new Map<string, ObjectRecord>();
  const nameOf = ({ route, key }: Pick<ObjectRecord, "route" | "key">): string => `${route}\n${key}`;
  return {
    give(shard) {
      for (const object of shard) held.set(nameOf(object), object);
    },
    settle(changes) {
      for (const change of changes) {
        const name = nameOf(change);
        const before = held.get(name);
        // A note about an object that is still to be copied.
        if (change.state === "planned" && before !== undefined) {
          const { from: _, ...facts } = change;
          held.set(name, { ...facts, updatedAt: before.updatedAt });
        } else {
          held.delete(name);
        }
      }
    },
    left: () => [...held.values()],
  };
}
