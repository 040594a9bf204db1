/** One exchange over HTTP that ends: no answer is waited for without a bound, nor the next bytes of one that has begun. */

/** Between two pieces of an answer; a slow link brings some all the time. */
export const STALL_MS = 30_000;
/** Answers without a body (Fetch Standard §2.2.6); Chromium shows an empty one all the same, which no `Response` may be made with. */
const NULL_BODY = [101, 103, 204, 205, 304];

/** As `fetch`, which it fails like; also when the answer, or what comes next of its body, has not come in time. */
export async function exchange(url: string, init: RequestInit, patienceMs: number): Promise<Response> {
  const silence = new AbortController();
  const until = (ms: number): ReturnType<typeof setTimeout> => setTimeout(() => silence.abort(), ms);
  let timer = until(patienceMs);
  const again = (): void => {
    clearTimeout(timer);
    timer = until(STALL_MS);
  };
  const signal = AbortSignal.any([silence.signal, ...(init.signal ? [init.signal] : [])]);
  const response = await fetch(url, { ...init, signal }).finally(() => clearTimeout(timer));
  if (response.body === null || NULL_BODY.includes(response.status)) return response;
  again();
  const body = response.body.pipeThrough(
    new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
      transform: (piece, out) => {
        again();
        out.enqueue(piece);
      },
      flush: () => clearTimeout(timer),
    }),
  );
  const { status, statusText, headers } = response;
  return new Response(body, { status, statusText, headers });
}
