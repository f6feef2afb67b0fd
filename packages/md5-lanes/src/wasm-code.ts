/**
 * Instructions of WebAssembly in its binary format, as far as the kernels need them.
 * https://webassembly.github.io/spec/core/binary/instructions.html
 */
export type Code = readonly number[];

/** A function of one module that works on an imported memory. */
export interface WasmFunction {
  /** Numbers of 32 bits that it is called with. */
  readonly parameters: number;
  /** Local variables after the parameters, by their type. */
  readonly locals: { readonly type: ValueType; readonly count: number };
  readonly body: Code;
}

export type ValueType = "i32" | "v128";

const TYPES = { i32: 0x7f, v128: 0x7b } as const;

/** LEB128, as the format has all its numbers. */
function unsigned(value: number): Code {
  const bytes: number[] = [];
  let rest = value;
  do {
    const more = rest > 0x7f;
    bytes.push((rest & 0x7f) | (more ? 0x80 : 0));
    rest >>>= 7;
  } while (rest > 0);
  return bytes;
}

function signed(value: number): Code {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>= 7) {
    const byte = rest & 0x7f;
    const isLast = rest >> 6 === 0 || rest >> 6 === -1;
    bytes.push(isLast ? byte : byte | 0x80);
    if (isLast) return bytes;
  }
}

const access =
  (opcode: Code, alignment: number) =>
  (offset: number): Code => [...opcode, alignment, ...unsigned(offset)];
const vector = (opcode: number): Code => [0xfd, ...unsigned(opcode)];
/** Words of 32 bits out of two vectors, numbered 0 to 3 and 4 to 7. */
const shuffle = (words: readonly number[]): Code => [
  ...vector(13),
  ...words.flatMap((word) => [4 * word, 4 * word + 1, 4 * word + 2, 4 * word + 3]),
];

export const get = (local: number): Code => [0x20, ...unsigned(local)];
export const set = (local: number): Code => [0x21, ...unsigned(local)];
export const tee = (local: number): Code => [0x22, ...unsigned(local)];

/** The value is taken as 32 bits, whatever its sign. */
export const i32 = {
  constant: (value: number): Code => [0x41, ...signed(value | 0)],
  load: access([0x28], 2),
  store: access([0x36], 2),
  add: [0x6a],
  subtract: [0x6b],
  and: [0x71],
  or: [0x72],
  xor: [0x73],
  rotateLeft: [0x77],
} as const;

export const i32x4 = {
  load: access(vector(0), 4),
  store: access(vector(11), 4),
  allOnes: [...vector(12), ...Array.from({ length: 16 }, () => 0xff)],
  lowHalves: shuffle([0, 4, 1, 5]),
  highHalves: shuffle([2, 6, 3, 7]),
  lowPairs: shuffle([0, 1, 4, 5]),
  highPairs: shuffle([2, 3, 6, 7]),
  and: vector(78),
  or: vector(80),
  xor: vector(81),
  shiftLeft: vector(0xab),
  shiftRight: vector(0xad),
  add: vector(0xae),
} as const;

/** One after the other. */
export const sequence = (...codes: readonly Code[]): Code => codes.flat();

/** Runs `body` again and again while what it leaves on the stack is not zero. */
export const loopWhile = (body: Code): Code => [0x03, 0x40, ...body, 0x0d, 0, 0x0b];

/** A module with one exported function, `run`, on the memory that it imports as `env.memory`. */
export function wasmModule({ parameters, locals, body }: WasmFunction): Uint8Array<ArrayBuffer> {
  const code = [1, ...unsigned(locals.count), TYPES[locals.type], ...body, 0x0b];
  return Uint8Array.from([
    ...MAGIC_AND_VERSION,
    ...section(1, [1, 0x60, ...unsigned(parameters), ...Array.from({ length: parameters }, () => TYPES.i32), 0]),
    ...section(2, [1, ...text("env"), ...text("memory"), 2, 0, 1]),
    ...section(3, [1, 0]),
    ...section(7, [1, ...text("run"), 0, 0]),
    ...section(10, [1, ...unsigned(code.length), ...code]),
  ]);
}

const MAGIC_AND_VERSION = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0];

function section(id: number, content: Code): Code {
  return [id, ...unsigned(content.length), ...content];
}

function text(value: string): Code {
  return [value.length, ...new TextEncoder().encode(value)];
}
