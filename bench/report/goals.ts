/** A figure that a benchmark has to reach, and what it came to. */
export interface Goal {
  readonly what: string;
  readonly value: number;
  readonly must: "at least" | "at most" | "exactly";
  readonly target: number;
  /** Behind the figures: `×`, ` MiB` … */
  readonly unit: string;
}

export function isReached({ value, must, target }: Goal): boolean {
  switch (must) {
    case "at least":
      return value >= target;
    case "at most":
      return value <= target;
    case "exactly":
      return value === target;
  }
}

/** One line a goal: `reached  3.1 × rclone's objects/s (at least 2 ×)`. */
export function goalLine(goal: Goal): string {
  const { what, value, must, target, unit } = goal;
  return `${isReached(goal) ? "reached" : "MISSED "}  ${what}: ${figure(value)}${unit} (${must} ${figure(target)}${unit})`;
}

/** Three digits say all that a measurement knows; a value is never rounded over its target. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return "–";
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString("en");
  return String(Number(value.toPrecision(3)));
}
