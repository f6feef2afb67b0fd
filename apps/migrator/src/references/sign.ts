/** What stands in a text that may hold a URL of ours: all of these, in any order. No texts: it may be in any. */
export interface Sign {
  readonly texts: readonly string[];
  /** In any case of their ASCII letters; written in lower case here. Looking for these costs a database several times as much. */
  readonly anyCase: boolean;
}

export const ANY_TEXT: Sign = { texts: [], anyCase: false };
