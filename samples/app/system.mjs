// What the server keeps about itself, and what is in a database besides Parse.
import { at, bytes, double, index, int, long, oid, row, schema, user } from '../make.mjs';

const installation = (n, more) => row(`in${String(n).padStart(8, '0')}`, 2400 + n, {
  installationId: `00000000-0000-4000-8000-${String(40 + n).padStart(12, '0')}`, deviceType: n % 2 ? 'android' : 'ios',
  deviceToken: `token${String(n).padStart(59, '0')}`, channels: n % 3 ? ['', 'news'] : [], badge: int(n), timeZone: 'Europe/Berlin',
  localeIdentifier: 'de-DE', appIdentifier: 'com.example.game', appVersion: `1.${n}`, appName: 'Game', parseVersion: '1.17.3', ...more,
});

const pushQuery = JSON.stringify({ deviceType: 'ios' });

export const collections = [
  {
    name: '_Installation',
    documents: [
      installation(0, { _p_user: user('uAnn000001') }),
      installation(1, { _p_user: user('uBen000002'), GCMSenderId: '1234567890', pushType: 'gcm' }),
      installation(2, { deviceTokenLastModified: double(1456819200) }),
      installation(3, { deviceToken: `token${'0'.repeat(58)}1` }), // the device token of the second once more
      installation(4, { installationId: '00000000-0000-4000-8000-000000000040' }), // the installation id of the first
      installation(5, { deviceToken: null, channels: null, badge: '3' }),
    ],
    indexes: [index({ deviceToken: 1 }), index({ installationId: 1 }), index({ channels: 1 })],
    schema: schema('_Installation', {
      installationId: 'string', deviceType: 'string', deviceToken: 'string', channels: 'array', badge: 'number', timeZone: 'string',
      localeIdentifier: 'string', appIdentifier: 'string', appVersion: 'string', appName: 'string', parseVersion: 'string',
      GCMSenderId: 'string', pushType: 'string', user: '*_User', deviceTokenLastModified: 'number',
    }),
  },
  {
    name: '_Product',
    documents: [
      row('pr00000000', 2420, { productIdentifier: 'gems.100', title: '100 gems', subtitle: 'A handful', order: int(1), icon: 'a_gems.png' }),
      row('pr00000001', 2421, { productIdentifier: 'gems.900', title: '900 gems', subtitle: 'A chest', order: int(2), icon: 'b_gems.png', download: 'b_gems.zip', downloadName: 'gems.zip' }),
    ],
    schema: schema('_Product', {
      productIdentifier: 'string', title: 'string', subtitle: 'string', order: 'number', icon: 'file', download: 'file', downloadName: 'string',
    }),
  },
  {
    name: '_Audience',
    documents: [
      row('au00000000', 2430, { name: 'iOS', query: pushQuery, _last_used: at(2431), times_used: int(3) }),
      row('au00000001', 2432, { name: 'all', query: '{}', times_used: at(2433) }), // old servers wrote a date here
    ],
    schema: schema('_Audience', { name: 'string', query: 'string', lastUsed: 'date', timesUsed: 'number' }),
  },
  {
    name: '_JobSchedule',
    documents: [row('js00000000', 2440, {
      jobName: 'weeklyReset', description: 'Reset scores', params: '{"keep":10}', startAfter: '2016-03-01T00:00:00.000Z',
      daysOfWeek: ['1', '0', '0', '0', '0', '0', '0'], timeOfDay: '04:00:00.000Z', repeatMinutes: int(0), lastRun: double(1456819200000),
    })],
    schema: schema('_JobSchedule', {
      jobName: 'string', description: 'string', params: 'string', startAfter: 'string', daysOfWeek: 'array', timeOfDay: 'string',
      lastRun: 'number', repeatMinutes: 'number',
    }),
  },
  {
    name: '_JobStatus',
    documents: [0, 1].map(n => ({
      _id: `jb0000000${n}`, jobName: 'weeklyReset', source: 'api', params: { keep: int(10) }, status: n ? 'failed' : 'succeeded',
      message: n ? 'no rows' : 'done', finishedAt: at(2451 + n), _created_at: at(2450 + n), _updated_at: new Date(0),
    })),
    schema: schema('_JobStatus', {
      jobName: 'string', source: 'string', status: 'string', message: 'string', params: 'object', finishedAt: 'date',
    }),
  },
  {
    name: '_PushStatus',
    documents: [row('ps00000000', 2460, {
      pushTime: '2016-03-02T10:00:00.000Z', query: pushQuery, payload: '{"alert":"hi"}', source: 'rest', title: null, expiry: null, status: 'succeeded',
      numSent: int(2), numFailed: int(1), pushHash: '49f68a5c8493ec2c0bf489821c21fc3b', errorMessage: { error: 'none' },
      sentPerType: { ios: int(2) }, failedPerType: { ios: int(1) }, sentPerUTCOffset: { '-5': int(1), '5.5': int(1) },
    }, { _rperm: [], _wperm: [] })],
    schema: schema('_PushStatus', {
      pushTime: 'string', query: 'string', payload: 'string', source: 'string', title: 'string', expiry: 'number', status: 'string',
      numSent: 'number', numFailed: 'number', pushHash: 'string', errorMessage: 'object', sentPerType: 'object', failedPerType: 'object',
      sentPerUTCOffset: 'object', failedPerUTCOffset: 'object', count: 'number',
    }),
  },
  {
    name: '_Hooks',
    documents: [
      { _id: oid(1), functionName: 'cheer', url: 'https://hooks.example.com/cheer' },
      { _id: oid(2), className: 'Letter', triggerName: 'beforeDelete', url: 'https://hooks.example.com/letter' },
    ],
  },
  {
    name: '_GlobalConfig',
    documents: [{
      _id: int(1),
      params: {
        welcome: 'Hello', maxScore: int(5000), ratio: double(0.25), since: { __type: 'Date', iso: '2016-03-01T00:00:00.000Z' }, until: at(9000),
        start: { __type: 'GeoPoint', latitude: 48.8566, longitude: 2.3522 }, logo: { __type: 'File', name: 'a_logo.png', url: 'http://files.example.com/a_logo.png' },
        flags: { beta: true }, list: [int(1), 'two'], apiSecret: 'sample-secret',
      },
      masterKeyOnly: { apiSecret: true, welcome: false },
    }],
  },
  { name: '_GraphQLConfig', documents: [{ _id: int(1), config: { enabledForClasses: ['GameScore'] } }] },
  { name: '_Idempotency', documents: [{ _id: 'id00000000', reqId: 'request-1', expire: at(2470), _created_at: at(2470), _updated_at: at(2470) }] },
  {
    name: 'fs.files',
    documents: [
      { _id: oid(11), length: int(5), chunkSize: int(261120), uploadDate: at(2480), filename: '0123456789abcdef0123456789abcdef_hello.txt', metadata: {} },
      { _id: oid(12), length: long('12'), chunkSize: int(8), uploadDate: at(2481), filename: 'fedcba9876543210fedcba9876543210_object.txt' },
    ],
    indexes: [index({ filename: 1, uploadDate: 1 })],
  },
  {
    name: 'fs.chunks',
    documents: [
      { _id: oid(21), files_id: oid(11), n: int(0), data: bytes('hello') },
      { _id: oid(22), files_id: oid(12), n: int(0), data: bytes('chunk on') },
      { _id: oid(23), files_id: oid(12), n: int(1), data: bytes('e ok') },
    ],
    indexes: [index({ files_id: 1, n: 1 }, { unique: true })],
  },
  // A job queue of a Node library: not Parse.
  { name: 'agendaJobs', documents: [{ _id: oid(31), name: 'mail', data: { to: 'nobody' }, nextRunAt: at(2490) }] },
  // Empty collections.
  { name: '_Join:members:Ghost', documents: [] },
];
