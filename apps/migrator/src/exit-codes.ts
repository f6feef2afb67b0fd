/** What the process answers with. Scripts rely on these numbers. */
export const EXIT = {
  /** All done. */
  done: 0,
  /** Something unexpected; running the command again goes on where it stopped. */
  unexpected: 1,
  /** The command line or the configuration is wrong, or what it names cannot be used. */
  usage: 2,
  /** Done, but some objects or rows failed. */
  partial: 3,
  /** A gate refused to begin. */
  gate: 4,
  /** Interrupted; running the command again goes on where it stopped. 128 + SIGINT. */
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
