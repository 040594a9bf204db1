/** The certificate of the web interface, to be downloaded and trusted. */
import { X509Certificate } from 'node:crypto';
import { connect } from 'node:tls';
import test from 'ava';
import { setUpOwner, startApi } from '../support/api-server.ts';

test('whoever may sign in gets the very certificate that the web interface shows', async (t) => {
  const { call, port } = await startApi(t);
  t.is((await call('GET', '/api/v1/server/certificate')).status, 401);
  const cookie = await setUpOwner({ call });
  const answer = await call('GET', '/api/v1/server/certificate', { cookie });
  t.is(answer.status, 200);
  t.is(answer.headers['content-type'], 'application/x-x509-ca-cert');
  t.regex(answer.headers['content-disposition'] ?? '', /attachment; filename="understudy\.crt"/);
  const shown = await new Promise<string>((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false }, () => {
      resolve(socket.getPeerX509Certificate()?.fingerprint256 ?? '');
      socket.destroy();
    });
    socket.once('error', reject);
  });
  t.is(new X509Certificate(answer.text).fingerprint256, shown);
  t.notRegex(answer.text, /PRIVATE KEY/);
});
