/** A small ONVIF device on loopback: answers the five questions of set-up, checks WS-Security, and can misbehave. For unit tests. */
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ExecutionContext } from 'ava';

export type OnvifDeviceOptions = {
  readonly username?: string;
  readonly password?: string;
  /** `endless`: a body without end; `silent`: no answer; `html`: not SOAP. */
  readonly misbehaves?: 'endless' | 'silent' | 'html';
  readonly streamUri?: string;
};

const envelope = (body: string): string =>
  `<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:t="http://www.onvif.org/ver10/schema" xmlns:d="http://www.onvif.org/ver10/device/wsdl" xmlns:m="http://www.onvif.org/ver10/media/wsdl"><s:Body>${body}</s:Body></s:Envelope>`;

const DATE = `<d:GetSystemDateAndTimeResponse><d:SystemDateAndTime><t:UTCDateTime><t:Time><t:Hour>10</t:Hour><t:Minute>0</t:Minute><t:Second>0</t:Second></t:Time><t:Date><t:Year>2026</t:Year><t:Month>11</t:Month><t:Day>21</t:Day></t:Date></t:UTCDateTime></d:SystemDateAndTime></d:GetSystemDateAndTimeResponse>`;
const FAULT = `<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>ter:NotAuthorized</s:Value></s:Subcode></s:Code><s:Reason><s:Text xml:lang="en">Sender not Authorized</s:Text></s:Reason></s:Fault>`;
const profile = (token: string, width: number, height: number): string =>
  `<m:Profiles token="${token}" fixed="true"><t:Name>${token}</t:Name><t:VideoSourceConfiguration token="vs"><t:Name>vs</t:Name><t:SourceToken>src</t:SourceToken></t:VideoSourceConfiguration><t:VideoEncoderConfiguration token="ve-${token}"><t:Name>ve</t:Name><t:Encoding>H264</t:Encoding><t:Resolution><t:Width>${width}</t:Width><t:Height>${height}</t:Height></t:Resolution></t:VideoEncoderConfiguration></m:Profiles>`;

/** Resolves with the device service's address. */
export async function startOnvifDevice(t: ExecutionContext, options: OnvifDeviceOptions = {}): Promise<string> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { port } = server.address() as AddressInfo;
      if (options.misbehaves === 'silent') return;
      if (options.misbehaves === 'html') return void response.end('<html><body>It works!</body></html>');
      if (options.misbehaves === 'endless') {
        const more = (): void => void response.write(Buffer.alloc(64 * 1024, 0x20), () => setImmediate(more));
        return more();
      }
      const body = Buffer.concat(chunks).toString();
      const answer = answerTo(body, port, options);
      response.statusCode = answer === FAULT ? 400 : 200;
      response.end(envelope(answer));
    });
  });
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/onvif/device_service`;
}

function answerTo(body: string, port: number, options: OnvifDeviceOptions): string {
  const action = /<s:Body[^>]*>\s*<(?:\w+:)?(\w+)/.exec(body)?.[1];
  if (action === 'GetSystemDateAndTime') return DATE;
  if (options.username !== undefined && !authorized(body, options)) return FAULT;
  const service = `http://127.0.0.1:${port}/onvif/media_service`;
  switch (action) {
    case 'GetServices':
      return `<d:GetServicesResponse><d:Service><d:Namespace>http://www.onvif.org/ver10/device/wsdl</d:Namespace><d:XAddr>${service}</d:XAddr></d:Service><d:Service><d:Namespace>http://www.onvif.org/ver10/media/wsdl</d:Namespace><d:XAddr>${service}</d:XAddr><d:Version><t:Major>2</t:Major><t:Minor>0</t:Minor></d:Version></d:Service></d:GetServicesResponse>`;
    case 'GetProfiles':
      return `<m:GetProfilesResponse>${profile('main', 1920, 1080)}${profile('sub', 640, 360)}</m:GetProfilesResponse>`;
    case 'GetVideoSources':
      return '<m:GetVideoSourcesResponse><m:VideoSources token="src"><t:Framerate>25</t:Framerate></m:VideoSources></m:GetVideoSourcesResponse>';
    case 'GetStreamUri': {
      const token = /ProfileToken>(\w+)</.exec(body)?.[1] ?? 'main';
      const uri = options.streamUri ?? `rtsp://127.0.0.1:554/${token}`;
      return `<m:GetStreamUriResponse><m:MediaUri><t:Uri>${uri}</t:Uri><t:InvalidAfterConnect>false</t:InvalidAfterConnect><t:InvalidAfterReboot>false</t:InvalidAfterReboot><t:Timeout>PT60S</t:Timeout></m:MediaUri></m:GetStreamUriResponse>`;
    }
    default:
      return FAULT;
  }
}

/** WS-Security UsernameToken Profile 1.0 §3.1: digest = base64(SHA-1(nonce + created + password)). */
function authorized(body: string, { username, password }: OnvifDeviceOptions): boolean {
  const of = (name: string): string => new RegExp(`<(?:\\w+:)?${name}(?:\\s[^>]*)?>([^<]*)<`).exec(body)?.[1] ?? '';
  const digest = createHash('sha1')
    .update(Buffer.from(of('Nonce'), 'base64'))
    .update(of('Created'))
    .update(password ?? '')
    .digest('base64');
  return of('Username') === username && of('Password') === digest;
}
