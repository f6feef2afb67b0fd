import fc from "fast-check";

/** What somebody else does to one object while the migrator is at work on it. */
export interface Step {
  /** Before which call that concerns the object, listings included: 0 is the first one after the step before. */
  readonly beforeCall: number;
  readonly action:
    | { readonly kind: "overwrite" | "delete"; readonly size: number }
    /** At the target, by somebody who is not the migrator. */
    | { readonly kind: "stranger"; readonly size: number };
}

/** One object's life. */
export interface Schedule {
  /** Bytes at the start; undefined: the object does not exist yet. */
  readonly size: number | undefined;
  readonly steps: readonly Step[];
}

/** The object is read in one piece, up to this many bytes. */
const SMALL_MOST_BYTES = 300;

/** A few bytes more than what is held in memory as a whole, so that it goes in ranges or as a stream. */
const LARGE_BYTES = 8 * 1024 * 1024 + 17;

export interface Mix {
  /** One in so many objects is large; 0: none is. */
  readonly largeOneIn: number;
  readonly strangers: boolean;
}

export function schedules({ largeOneIn, strangers }: Mix, objects: number): fc.Arbitrary<readonly Schedule[]> {
  const small = fc.integer({ min: 0, max: SMALL_MOST_BYTES });
  const size =
    largeOneIn === 0
      ? small
      : fc.oneof(
          { weight: largeOneIn - 1, arbitrary: small },
          { weight: 1, arbitrary: fc.integer({ min: LARGE_BYTES, max: LARGE_BYTES + 3 }) },
        );
  const action = fc.record({
    kind: strangers
      ? fc.constantFrom("overwrite" as const, "delete" as const, "stranger" as const)
      : fc.constantFrom("overwrite" as const, "overwrite" as const, "delete" as const),
    // One object has one size class, so that a schedule stays as cheap as it looks.
    size: small,
  });
  const step = fc.record({ beforeCall: fc.integer({ min: 0, max: 6 }), action });
  const schedule = fc
    .record({
      size: fc.option(size, { nil: undefined, freq: 8 }),
      steps: fc.array(step, { minLength: 1, maxLength: 4 }),
    })
    .map((one): Schedule => {
      if (one.size === undefined || one.size <= SMALL_MOST_BYTES) return one;
      const grow = one.steps.map((each) => ({
        ...each,
        action: { ...each.action, size: each.action.size + LARGE_BYTES },
      }));
      return { ...one, steps: grow };
    });
  return fc.array(schedule, { minLength: objects, maxLength: objects });
}
