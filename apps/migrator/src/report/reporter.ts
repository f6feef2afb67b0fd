import type { CommandEvent, SummaryEvent } from "./events.ts";

export interface ProgressState {
  readonly stage: string;
  /** Undefined: nobody knows how much there is. */
  readonly totalObjects: number | undefined;
  readonly totalBytes: number | undefined;
}

/** A running count on the display. */
export interface Progress {
  readonly add: (objects: number, bytes: number) => void;
  /** Shows the last state and takes the display away. */
  end(): void;
}

export type Column = { readonly title: string; readonly align?: "right" };

/**
 * Where commands speak. One for people at a terminal, one for people behind a pipe, one for programs; the commands do not
 * know which.
 */
export interface Reporter {
  readonly kind: "terminal" | "plain" | "json";
  event(event: CommandEvent): void;
  /** For people only. */
  line(text?: string): void;
  table(columns: readonly Column[], rows: readonly (readonly (string | number)[])[]): void;
  progress(state: ProgressState): Progress;
  /** Undefined: there is nobody to ask. */
  confirm(question: string, signal: AbortSignal): Promise<boolean | undefined>;
  /** Of `--log-level`. */
  readonly logLevel: LogLevel;
  /** For `--log-level`; goes to stderr in every case. A function is asked only when its message is shown. */
  log(level: LogLevel, message: string | (() => string)): void;
  summary(summary: SummaryEvent, lines: readonly string[]): void;
}

export const LOG_LEVELS = ["silent", "error", "warn", "info", "debug"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
