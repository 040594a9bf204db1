/**
 * Answers of the box overtake each other on six connections: what was asked later is newer, and an older answer that comes after it is not
 * shown.
 */
export type AnswerOrder = {
  /** Of a question that is asked now. */
  readonly next: () => number;
  /** Whether what the question `asked` told of `part` is to be shown: nothing newer is. */
  readonly take: (part: string, asked: number) => boolean;
};

export function createAnswerOrder(): AnswerOrder {
  const shown = new Map<string, number>();
  let last = 0;
  return {
    next: () => (last += 1),
    take: (part, asked) => {
      if ((shown.get(part) ?? 0) > asked) return false;
      shown.set(part, asked);
      return true;
    },
  };
}
