import { BLOCK_BYTES, STEPS, type Mixing, type Step } from "./md5-steps.ts";
import { get, i32, i32x4, loopWhile, sequence, set, tee, wasmModule, type Code } from "./wasm-code.ts";

/** Bodies in one vector of 128 bits. */
export const VECTOR_LANES = 4;

const VECTOR_BYTES = 16;
const WORDS = 16;

/**
 * Where kernels find and leave things in their memory. A word of a state has the room of a vector also where one lane uses
 * it, so that there is one rule for all.
 */
export const LAYOUT = (() => {
  const constants = 0;
  const words = constants + STEPS.length * VECTOR_BYTES;
  const mostGroups = 3;
  const states = words + mostGroups * WORDS * VECTOR_BYTES;
  return { constants, words, states, mostGroups, end: states + mostGroups * 4 * VECTOR_BYTES };
})();

/** Byte at which one word (0: a … 3: d) of a lane's state is. */
export function stateAddress(lane: number, word: number): number {
  const group = Math.floor(lane / VECTOR_LANES);
  return LAYOUT.states + (4 * group + word) * VECTOR_BYTES + (lane % VECTOR_LANES) * 4;
}

/** MD5 over one body, as a module of WebAssembly. `run(blocks, address of the body, address of its state)` adds so many blocks. */
export function oneLaneModule(): Uint8Array<ArrayBuffer> {
  const [blocks, body, stateBase] = [0, 1, 2];
  const state = [3, 4, 5, 6];
  const at = (word: number): number => word * VECTOR_BYTES;
  const before: number[] = [];
  for (const [word, local] of state.entries()) before.push(...get(stateBase), ...i32.load(at(word)), ...set(local));

  const block: number[] = [];
  const emit = (...codes: readonly Code[]): void => {
    for (const code of codes) block.push(...code);
  };
  for (const [i, step] of STEPS.entries()) {
    const { a, b, c, d } = placesAt(i, state);
    emit(get(a), get(body), i32.load(4 * step.word), i32.constant(step.constant), i32.add, i32.add);
    emit(mixed(step.mixing, b, c, d, { ...i32, ones: i32.constant(-1) }), i32.add);
    emit(i32.constant(step.rotation), i32.rotateLeft, get(b), i32.add, set(a));
  }
  for (const [word, local] of state.entries()) {
    emit(get(stateBase), get(local), get(stateBase), i32.load(at(word)), i32.add, tee(local), i32.store(at(word)));
  }
  emit(get(body), i32.constant(BLOCK_BYTES), i32.add, set(body));
  emit(get(blocks), i32.constant(1), i32.subtract, tee(blocks));
  return wasmModule({
    parameters: 3,
    locals: { type: "i32", count: state.length },
    body: [...before, ...loopWhile(block)],
  });
}

/**
 * MD5 over several bodies at once: each step is done for four of them by one instruction. One vector waits for its own
 * result most of the time, so the steps of up to three groups of four take turns. `run(blocks, address of lane 0, …)` adds so
 * many blocks to each lane's state.
 */
export function laneModule(groups: number): Uint8Array<ArrayBuffer> {
  const lanes = groups * VECTOR_LANES;
  const blocks = 0;
  const bodyOf = (lane: number): number => 1 + lane;
  let nextLocal = 1 + lanes;
  const vectors = (count: number): number[] => Array.from({ length: count }, () => nextLocal++);
  const states = Array.from({ length: groups }, () => vectors(4));
  const sums = vectors(groups);
  const rows = vectors(4);
  const [ones] = vectors(1) as [number];
  const zero = i32.constant(0);
  const at = (group: number, word: number): number => stateAddress(group * VECTOR_LANES, word);
  const wordAt = (group: number, word: number): number => LAYOUT.words + (group * WORDS + word) * VECTOR_BYTES;
  const before: number[] = [...i32x4.allOnes, ...set(ones)];
  for (const [group, state] of states.entries()) {
    for (const [word, local] of state.entries()) before.push(...zero, ...i32x4.load(at(group, word)), ...set(local));
  }

  const block: number[] = [];
  const emit = (...codes: readonly Code[]): void => {
    for (const code of codes) block.push(...code);
  };
  for (let group = 0; group < groups; group += 1) {
    for (let word = 0; word < WORDS; word += 4) emit(transposed(group, word));
  }
  for (const [i, step] of STEPS.entries()) {
    for (const [group, state] of states.entries()) emit(stepped(i, step, group, state));
  }
  for (const [group, state] of states.entries()) {
    for (const [word, local] of state.entries()) {
      emit(zero, get(local), zero, i32x4.load(at(group, word)), i32x4.add, tee(local), i32x4.store(at(group, word)));
    }
  }
  for (let lane = 0; lane < lanes; lane += 1) {
    emit(get(bodyOf(lane)), i32.constant(BLOCK_BYTES), i32.add, set(bodyOf(lane)));
  }
  emit(get(blocks), i32.constant(1), i32.subtract, tee(blocks));
  return wasmModule({
    parameters: 1 + lanes,
    locals: { type: "v128", count: nextLocal - (1 + lanes) },
    body: [...before, ...loopWhile(block)],
  });

  /** Four words of four bodies, as they lie: the first words of all bodies into one vector, the second ones into the next … */
  function transposed(group: number, word: number): Code {
    const [p, q, r, s] = rows as [number, number, number, number];
    const read = (lane: number): Code => sequence(get(bodyOf(group * VECTOR_LANES + lane)), i32x4.load(word * 4));
    const write = (offset: number, one: number, other: number, pairs: Code): Code =>
      sequence(zero, get(one), get(other), pairs, i32x4.store(wordAt(group, word + offset)));
    return sequence(
      sequence(read(0), tee(p), read(1), tee(q), i32x4.lowHalves),
      sequence(get(p), get(q), i32x4.highHalves, set(q), set(p)),
      sequence(read(2), tee(r), read(3), tee(s), i32x4.lowHalves),
      sequence(get(r), get(s), i32x4.highHalves, set(s), set(r)),
      write(0, p, r, i32x4.lowPairs),
      write(1, p, r, i32x4.highPairs),
      write(2, q, s, i32x4.lowPairs),
      write(3, q, s, i32x4.highPairs),
    );
  }

  function stepped(i: number, { mixing, word, rotation }: Step, group: number, state: readonly number[]): Code {
    const { a, b, c, d } = placesAt(i, state);
    const sum = sums[group] ?? 0;
    return sequence(
      sequence(get(a), zero, i32x4.load(LAYOUT.constants + i * VECTOR_BYTES)),
      sequence(zero, i32x4.load(wordAt(group, word)), i32x4.add, i32x4.add),
      sequence(mixed(mixing, b, c, d, { ...i32x4, ones: get(ones) }), i32x4.add, tee(sum)),
      sequence(i32.constant(rotation), i32x4.shiftLeft),
      sequence(get(sum), i32.constant(32 - rotation), i32x4.shiftRight, i32x4.or),
      sequence(get(b), i32x4.add, set(a)),
    );
  }
}

interface Logic {
  readonly and: Code;
  readonly or: Code;
  readonly xor: Code;
  /** All bits set. */
  readonly ones: Code;
}

/** RFC 1321 §3.4, F and G written so that they take one operation less. */
function mixed(mixing: Mixing, b: number, c: number, d: number, { and, or, xor, ones }: Logic): Code {
  const [B, C, D] = [get(b), get(c), get(d)];
  const code = {
    F: [C, D, xor, B, and, D, xor],
    G: [B, C, xor, D, and, C, xor],
    H: [B, C, xor, D, xor],
    I: [D, ones, xor, B, or, C, xor],
  }[mixing];
  return code.flat();
}

/** Rather than to move a, b, c and d after each step, the next one calls them by other names. */
function placesAt(i: number, state: readonly number[]) {
  const place = (k: number): number => state[(k + 4 - (i % 4)) % 4] ?? 0;
  return { a: place(0), b: place(1), c: place(2), d: place(3) };
}
