/** What holds a session once it stands: keep-alive, silence, stop, standby; and the invariants under random events. */
import test from 'ava';
import { step } from '../../../src/media/rtsp/client-session.ts';
import { initial } from '../../../src/media/rtsp/client-state.ts';
import type { Effect, Event, State } from '../../../src/media/rtsp/client-state.ts';
import { headerOf, NO_BODY } from '../../../src/media/rtsp/message.ts';
import type { Header, RtspResponse } from '../../../src/media/rtsp/message.ts';
import { BASIC, camera, DIGEST, play, policyOf, VIDEO_AUDIO } from '../../support/rtsp-conversation.ts';
import type { Answer, Camera } from '../../support/rtsp-conversation.ts';
import { forSeeds } from '../../support/seeded-random.ts';
import type { Random } from '../../support/seeded-random.ts';

const on =
  (method: string, answer: Answer): Camera =>
  (request) =>
    request.method === method ? answer : undefined;

test('silence at connecting names host and port, silence later the request', (t) => {
  const policy = policyOf();
  const early = step(
    step(initial, { kind: 'time-passed', at: 0 }, policy).state,
    { kind: 'time-passed', at: 10_000 },
    policy,
  );
  t.like(early.effects[0], { kind: 'failed', cause: 'camera-unreachable' });
  t.regex(JSON.stringify(early.effects), /check host and port/);
  const session = play(() => undefined);
  session.tell({ kind: 'time-passed', at: 10_000 });
  t.regex(session.failure()?.message ?? '', /did not answer OPTIONS within 10 s: is 554 its RTSP port/);
});
test('a broken connection names what was under way', (t) => {
  const session = play(() => undefined);
  session.tell({ kind: 'closed', at: 1, reason: 'ECONNRESET' });
  t.like(session.failure(), { cause: 'camera-unreachable' });
  t.regex(session.failure()?.message ?? '', /while OPTIONS was under way: ECONNRESET/);
});

/** Media flows for `seconds`. */
function watch(session: ReturnType<typeof play>, from: number, seconds: number): void {
  for (let at = from; at <= from + seconds * 1000; at += 1000) {
    session.tell({ kind: 'media-received', at, pictures: true });
    session.tell({ kind: 'time-passed', at });
  }
}
test('the session is kept alive at half its timeout by GET_PARAMETER if offered, else by OPTIONS', (t) => {
  const session = play(camera());
  watch(session, 1000, 30);
  t.is(session.methods(), 'OPTIONS DESCRIBE SETUP SETUP PLAY GET_PARAMETER GET_PARAMETER GET_PARAMETER');
  const other = play(camera(on('OPTIONS', { status: 200, headers: [['Public', 'DESCRIBE']] })));
  watch(other, 1000, 12);
  t.is(other.sent.at(-1)?.method, 'OPTIONS');
});
test('a camera that offers GET_PARAMETER and refuses it is asked with OPTIONS from then on', (t) => {
  const session = play(camera(on('GET_PARAMETER', { status: 501 })));
  watch(session, 1000, 21);
  t.is(session.methods(), 'OPTIONS DESCRIBE SETUP SETUP PLAY GET_PARAMETER OPTIONS');
});
test('a camera that never answers keep-alives is not given up while media flows', (t) => {
  const quiet = camera();
  const session = play((request) => (request.method === 'GET_PARAMETER' ? undefined : quiet(request)));
  watch(session, 1000, 60);
  t.is(session.state().kind, 'playing');
  t.true(session.sent.filter(({ method }) => method === 'GET_PARAMETER').length >= 3);
});
test('a stale nonce at a keep-alive is renewed', (t) => {
  const session = play(
    camera((request) => {
      const proof = headerOf(request, 'Authorization');
      if (proof === undefined) return { status: 401, headers: [DIGEST] };
      return request.method === 'GET_PARAMETER' && proof.includes('"n1"')
        ? { status: 401, headers: [['WWW-Authenticate', 'Digest realm="r", nonce="n2", stale=true']] }
        : undefined;
    }),
  );
  watch(session, 1000, 12);
  t.is(
    session
      .methods()
      .split(' ')
      .filter((method) => method === 'GET_PARAMETER').length,
    2,
  );
  t.is(session.state().kind, 'playing');
});
test('454 at a keep-alive ends the session', (t) => {
  const session = play(camera(on('GET_PARAMETER', { status: 454 })));
  watch(session, 1000, 12);
  t.regex(session.failure()?.message ?? '', /ended the session/);
});
test('a camera that stops sending is stalled', (t) => {
  const session = play(camera());
  watch(session, 1000, 5);
  session.tell({ kind: 'time-passed', at: 16_000 });
  t.like(session.failure(), { cause: 'camera-stalled' });
});
test('sound alone shows that the way is open, not that the camera works', (t) => {
  const session = play(camera(), policyOf({ pauseBeforePlay: true }));
  session.tell({ kind: 'play', at: 12_000 });
  session.tell({ kind: 'media-received', at: 12_500, pictures: false });
  session.tell({ kind: 'time-passed', at: 15_000 });
  t.is(session.state().kind, 'playing', 'its next key frame may be seconds away');
  session.tell({ kind: 'media-received', at: 16_000, pictures: true });
  session.tell({ kind: 'media-received', at: 25_900, pictures: false });
  session.tell({ kind: 'time-passed', at: 26_000 });
  t.like(session.failure(), { cause: 'camera-stalled' });
});
test('a warm standby waits after SETUP, is kept alive, and plays when told', (t) => {
  const session = play(camera(), policyOf({ pauseBeforePlay: true }));
  t.is(session.state().kind, 'standing-by');
  session.tell({ kind: 'time-passed', at: 10_000 });
  t.is(session.sent.at(-1)?.method, 'GET_PARAMETER');
  session.tell({ kind: 'play', at: 12_000 });
  t.is(session.state().kind, 'playing');
  t.is(session.effects.filter(({ kind }) => kind === 'prepare').length, 1);
});
test('what stood by and neither answers nor sends within two seconds has failed', (t) => {
  const answers = camera();
  const silent = play(answers, policyOf({ pauseBeforePlay: true }));
  silent.tell({ kind: 'play', at: 12_000 });
  silent.tell({ kind: 'time-passed', at: 13_900 });
  t.is(silent.state().kind, 'playing');
  silent.tell({ kind: 'time-passed', at: 14_000 });
  t.like(silent.failure(), { cause: 'camera-stalled' });
  t.is(silent.sent.at(-1)?.method, 'TEARDOWN');
  const mute = play(
    (request) => (request.method === 'PLAY' ? undefined : answers(request)),
    policyOf({ pauseBeforePlay: true }),
  );
  mute.tell({ kind: 'play', at: 12_000 });
  mute.tell({ kind: 'time-passed', at: 14_000 });
  t.like(mute.failure(), { cause: 'camera-stalled' });
  t.regex(mute.failure()?.message ?? '', /PLAY within 2 s/);
  const sends = play(camera(), policyOf({ pauseBeforePlay: true }));
  sends.tell({ kind: 'play', at: 12_000 });
  sends.tell({ kind: 'media-received', at: 13_000, pictures: true });
  sends.tell({ kind: 'time-passed', at: 15_000 });
  t.is(sends.state().kind, 'playing');
});
test('stop sends TEARDOWN and waits for its answer, however it comes', (t) => {
  const quiet = camera();
  const session = play(quiet);
  session.tell({ kind: 'stop', at: 1 });
  t.is(session.sent.at(-1)?.method, 'TEARDOWN');
  t.is(session.effects.at(-1)?.kind, 'stopped');
  const rude = play((request) => (request.method === 'TEARDOWN' ? undefined : quiet(request)));
  rude.tell({ kind: 'stop', at: 1 });
  rude.tell({ kind: 'closed', at: 2, reason: 'end' });
  t.is(rude.effects.at(-1)?.kind, 'stopped');
});
test('requests of the camera are answered', (t) => {
  const session = play(camera());
  const asked = (method: string): Event => ({
    kind: 'request',
    at: 1,
    request: { kind: 'request', method, uri: '*', headers: [['CSeq', '9']], body: NO_BODY },
  });
  session.tell(asked('OPTIONS'));
  t.like(session.effects.at(-1), { kind: 'answer', response: { status: 200 } });
  session.tell(asked('REDIRECT'));
  t.like(session.effects.at(-1), { kind: 'answer', response: { status: 501 } });
});

function anyEvent(random: Random, at: number, cseq: number): Event {
  const status = random.pick([100, 200, 200, 200, 200, 301, 401, 401, 404, 454, 457, 461, 500]);
  const headers: Header[] = [['CSeq', String(random.chance(0.9) ? cseq : cseq + 1)]];
  if (random.chance(0.8)) headers.push(['Session', random.pick(['a;timeout=5', 'b', ''])]);
  if (random.chance(0.8))
    headers.push([
      'Transport',
      random.pick(['RTP/AVP/TCP;interleaved=0-1', 'RTP/AVP/TCP;interleaved=2-3', 'RTP/AVP;client_port=5000-5001', 'x']),
    ]);
  if (random.chance(0.7))
    headers.push(
      random.pick([DIGEST, BASIC, ['WWW-Authenticate', `Digest realm="r", nonce="${random.int(1, 9)}", stale=true`]]),
    );
  const body = random.chance(0.8) ? new TextEncoder().encode(VIDEO_AUDIO) : NO_BODY;
  const response: RtspResponse = { kind: 'response', status, reason: '', headers, body };
  return random.pick<Event>([
    { kind: 'response', at, response },
    { kind: 'response', at, response },
    { kind: 'response', at, response },
    { kind: 'time-passed', at },
    { kind: 'media-received', at, pictures: true },
    { kind: 'ports-opened', at, ports: random.chance(0.9) ? { rtp: 4, rtcp: 5 } : undefined },
    ...(random.chance(0.1) ? [{ kind: 'play', at } as const, { kind: 'connected', at } as const] : []),
    ...(random.chance(0.05) ? [{ kind: 'stop', at } as const, { kind: 'closed', at, reason: 'x' } as const] : []),
  ]);
}

/** Checks the invariants of client-session.ts over one life. */
function createWitness() {
  let [cseq, ended, prepared, digestAsked] = [1, false, false, false];
  const sent = (effect: Extract<Effect, { kind: 'send' }>): void => {
    const next = Number(headerOf(effect.request, 'CSeq'));
    if (next !== cseq + 1) throw new Error('CSeq does not grow by one');
    cseq = next;
    if (effect.request.method === 'PLAY' && !prepared) throw new Error('PLAY before prepare');
    const basic = headerOf(effect.request, 'Authorization')?.startsWith('Basic') === true;
    if (digestAsked && basic) throw new Error('Basic after Digest');
  };
  return {
    cseq: () => cseq,
    heard: (state: State, event: Event): void => {
      if (event.kind !== 'response' || event.response.status !== 401 || state.kind !== 'asking') return;
      if (headerOf(event.response, 'CSeq') !== String(state.pending.cseq)) return;
      digestAsked ||= headerOf(event.response, 'WWW-Authenticate')?.startsWith('Digest') === true;
    },
    did: (effect: Effect): void => {
      if (ended) throw new Error(`${effect.kind} after the end`);
      if (effect.kind === 'prepare') prepared = true;
      if (effect.kind === 'failed' || effect.kind === 'stopped' || effect.kind === 'restart') ended = true;
      if (effect.kind === 'send') sent(effect);
      else if (JSON.stringify(effect).includes('secret')) throw new Error('a credential in an effect');
    },
    reached: (state: State): void => {
      if ((state.kind === 'ended') !== ended) throw new Error('ended without saying so');
    },
  };
}

test('whatever happens the invariants hold', (t) => {
  const reached = new Set<string>();
  forSeeds(3000, (random) => {
    const transport = random.pick(['auto', 'tcp', 'udp'] as const);
    const policy = policyOf({ pauseBeforePlay: random.chance(0.3), transport });
    const witness = createWitness();
    let state = step(initial, { kind: 'connected', at: 0 }, policy).state;
    let at = 0;
    for (let count = 0; count < 60; count += 1) {
      at += random.pick([0, 100, 1000, 3000]);
      const event = anyEvent(random, at, witness.cseq());
      witness.heard(state, event);
      const result = step(state, event, policy);
      state = result.state;
      result.effects.forEach(witness.did);
      witness.reached(state);
      reached.add(state.kind);
    }
  });
  t.deepEqual([...reached].sort(), ['asking', 'ended', 'opening-ports', 'playing', 'standing-by']);
});
