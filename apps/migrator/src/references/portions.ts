/** All of them in order, so many at a time; each portion is filled when it is asked for. */
export function* portions<T>(all: Iterable<T>, size: number): Generator<readonly T[]> {
  let portion: T[] = [];
  for (const one of all) {
    portion.push(one);
    if (portion.length < size) continue;
    yield portion;
    portion = [];
  }
  if (portion.length > 0) yield portion;
}
