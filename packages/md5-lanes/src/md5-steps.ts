/** Which bits of b, c and d a step mixes; the letters are those of RFC 1321 §3.4. */
export type Mixing = "F" | "G" | "H" | "I";

/** One of the 64 steps over a block: `a = b + ((a + mix(b, c, d) + word + constant) <<< rotation)`, then a, b, c, d change places. */
export interface Step {
  readonly mixing: Mixing;
  /** Which of the block's 16 words is added. */
  readonly word: number;
  readonly constant: number;
  /** In bits. */
  readonly rotation: number;
}

interface Round {
  readonly mixing: Mixing;
  readonly wordOf: (step: number) => number;
  readonly rotations: readonly number[];
}

const ROUNDS: readonly Round[] = [
  { mixing: "F", wordOf: (step) => step, rotations: [7, 12, 17, 22] },
  { mixing: "G", wordOf: (step) => 5 * step + 1, rotations: [5, 9, 14, 20] },
  { mixing: "H", wordOf: (step) => 3 * step + 5, rotations: [4, 11, 16, 23] },
  { mixing: "I", wordOf: (step) => 7 * step, rotations: [6, 10, 15, 21] },
];

/** RFC 1321 §3.4; the constants are the sine's, §3.4 as well. */
export const STEPS: readonly Step[] = ROUNDS.flatMap(({ mixing, wordOf, rotations }, round) =>
  Array.from({ length: 16 }, (_, i) => ({
    mixing,
    word: wordOf(i) % 16,
    constant: Math.floor(Math.abs(Math.sin(16 * round + i + 1)) * 2 ** 32),
    rotation: rotations[i % 4] ?? 0,
  })),
);

/** a, b, c, d before the first block: RFC 1321 §3.3. */
export const INITIAL_STATE: readonly number[] = [0x67_45_23_01, 0xef_cd_ab_89, 0x98_ba_dc_fe, 0x10_32_54_76];

export const BLOCK_BYTES = 64;
