/** A TCP link to a server that can fall silent, as a cable that is pulled out: connections stay, and nothing comes or goes any more. */
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import type { ExecutionContext } from 'ava';

export type SilentLink = {
  readonly url: string;
  /** Nothing of what is on its way arrives; new connections get no answer. */
  readonly silence: () => void;
  /** What was on its way arrives late, as TCP sends it again. */
  readonly mend: () => void;
};

export async function startSilentLink(t: Pick<ExecutionContext, 'teardown'>, to: string): Promise<SilentLink> {
  const port = Number(new URL(to).port);
  const ends = new Map<Socket, Socket>();
  let isSilent = false;
  const keep = (from: Socket, into: Socket): void => {
    ends.set(from, into);
    from
      .on('error', () => undefined)
      .once('close', () => {
        ends.delete(from);
        into.destroy();
      });
    if (!isSilent) from.pipe(into);
  };
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1');
    keep(near, far);
    keep(far, near);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    for (const socket of ends.keys()) socket.destroy();
    server.close();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    silence: () => {
      isSilent = true;
      for (const socket of ends.keys()) socket.unpipe().pause();
    },
    mend: () => {
      isSilent = false;
      for (const [from, into] of ends) from.pipe(into);
    },
  };
}
