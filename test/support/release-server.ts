/** A plain web server on loopback, as an owner may put releases on one: what it answers, the test says. */
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ExecutionContext } from 'ava';

export type Answer = string | Uint8Array | ((request: IncomingMessage, response: ServerResponse) => void);
export type ReleaseServer = {
  /** Its address, without a slash at the end. */
  readonly url: string;
  /** By path, such as `/releases.json`; what is not there is answered 404. */
  readonly answers: Map<string, Answer>;
  /** Paths, in the order they were asked for. */
  readonly asked: string[];
};

export async function startReleaseServer(t: Pick<ExecutionContext, 'teardown'>): Promise<ReleaseServer> {
  const answers = new Map<string, Answer>();
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    asked.push(path);
    const answer = answers.get(path);
    if (typeof answer === 'function') return answer(request, response);
    if (answer === undefined) response.statusCode = 404;
    response.end(answer);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, answers, asked };
}
