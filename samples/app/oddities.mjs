// Values that no typed column takes as they are: each of them is in real data. Every row has a key `what`, which names it.
import { BSONRegExp, BSONSymbol, Binary, Code, Decimal128, Long, MaxKey, MinKey, ObjectId, Timestamp } from 'bson';
import { CUT_EMOJI, LONE_HIGH, LONE_LOW, twin } from '../bytes.mjs';
import { bytes, double, index, int, link, long, oid, pointer, row, schema, user } from '../make.mjs';

const counted = (prefix, from, rows) =>
  rows.map(([what, fields], n) => row(`${prefix}${String(n).padStart(8, '0')}`, from + n, { what, ...fields }));
const day = text => new Date(text);

const mixed = counted('mx', 2000, [
  ['plain', { number: double(1.5), text: 'a', flag: true, when: day('2016-05-01T00:00:00.000Z'), list: [int(1)], map: { a: int(1) }, _p_owner: user('uAnn000001') }],
  ['text in number', { number: '12' }],
  ['text in number that is none', { number: 'twelve' }],
  ['number in text', { text: int(5) }],
  ['boolean in number', { number: true }],
  ['number in boolean', { flag: int(1) }],
  ['text in boolean', { flag: 'true' }],
  ['text in date', { when: '2016-05-01T00:00:00.000Z' }],
  ['Parse form of a date in date', { when: { __type: 'Date', iso: '2016-05-02T00:00:00.000Z' } }],
  ['number in date', { when: double(1462060800000) }],
  ['object in array', { list: { 0: 'a' } }],
  ['text in array', { list: 'a,b' }],
  ['array in object', { map: ['a'] }],
  ['object in text', { text: { a: int(1) } }],
  ['array in text', { text: ['a'] }],
  ['pointer: another class', { _p_owner: 'GameScore$gs00000001' }],
  ['pointer: no id', { _p_owner: '_User$' }],
  ['pointer: no class', { _p_owner: 'uAnn000001' }],
  ['pointer: empty', { _p_owner: '' }],
  ['pointer: null', { _p_owner: null }],
  ['pointer: a document', { _p_owner: pointer('_User', 'uAnn000001') }],
  ['pointer: dangling', { _p_owner: user('uGone00099') }],
  ['pointer: $ in the id', { _p_owner: user('id$with$dollars') }],
  ['data in a relation', { links: [pointer('_User', 'uAnn000001')] }],
  ['ObjectId in text', { text: new ObjectId('56d5000000000000000000aa') }],
  ['a field that the schema lacks', { extra: 'not in _SCHEMA' }],
  ['the same field with another type', { extra: int(7) }],
]);

const nulls = counted('nu', 2050, [
  ['all missing', {}],
  ['all null', { number: null, text: null, flag: null, when: null, list: null, map: null, place: null, never: null }],
  ['null inside', { list: [null, int(1), null], map: { a: null, b: { c: null } } }],
  ['empty', { number: int(0), text: '', flag: false, list: [], map: {} }],
]);

const numbers = counted('no', 2060, [
  ['NaN', { number: double(NaN), list: [double(NaN)], map: { a: double(NaN) } }],
  ['Infinity', { number: double(Infinity), list: [double(Infinity)] }],
  ['-Infinity', { number: double(-Infinity) }],
  ['minus zero', { number: double(-0) }],
  ['smallest', { number: double(5e-324) }],
  ['largest', { number: double(1.7976931348623157e308) }],
  ['Int64 of 2^53', { number: long('9007199254740992') }],
  ['Int64 beyond 2^53', { number: long('9007199254740993'), list: [long('9007199254740993')] }],
  ['largest Int64', { number: long('9223372036854775807') }],
  ['smallest Int64', { number: long('-9223372036854775808') }],
  ['Decimal128', { number: Decimal128.fromString('12.5') }],
  ['Decimal128 that no double is', { number: Decimal128.fromString('0.1000000000000000055511151231257827'), map: { a: Decimal128.fromString('1E+6144') } }],
  ['Decimal128 NaN', { number: Decimal128.fromString('NaN') }],
]);

const texts = counted('tx', 2080, [
  ['NUL', { text: 'a\0b', list: ['\0'], map: { a: 'x\0' } }],
  ['lone high surrogate', { text: `a${LONE_HIGH}b`, list: [LONE_HIGH] }],
  ['lone low surrogate', { text: LONE_LOW }],
  ['CESU-8 pair', { text: `smile ${LONE_HIGH}${LONE_LOW}` }],
  ['cut emoji', { text: `cut ${CUT_EMOJI}` }],
  ['emoji, combining, right to left', { text: '👩‍👩‍👧 e\u0301 שלום' }],
  ['byte order mark', { text: '\uFEFFtext' }],
  ['U+FFFF', { text: '\uFFFF' }],
  ['2,700 bytes in an indexed field', { text: Array.from({ length: 300 }, (_, n) => (n * 7919 % 999983).toString(36).padStart(9, 'z')).join('') }],
  ['20,000 bytes in an indexed field', { text: Array.from({ length: 5000 }, (_, n) => (n * 104729 % 1679616).toString(36).padStart(4, '0')).join('') }],
  ['SQL', { text: `'; drop table "users"; -- \\ $1 %s` }],
  ['blanks', { text: ' leading and trailing \n' }],
]);

const dates = counted('da', 2100, [
  ['epoch', { when: new Date(0) }],
  ['before 1970', { when: new Date(-1) }],
  ['year 1 (default of .NET)', { when: new Date(-62135596800000) }],
  ['year 9999, last moment', { when: new Date(253402300799999) }],
  ['year 10000', { when: new Date(253402300800000) }],
  ['year 0', { when: new Date(-62167219200000) }],
  ['5000 BC', { when: new Date(-219946665600000) }],
  ['largest date of JavaScript', { when: new Date(8640000000000000) }],
  ['beyond JavaScript', { when: Long.fromString('9223372036854775807') }], // an Int64 whose type byte becomes that of a date
  ['nested', { map: { a: new Date(0), b: { __type: 'Date', iso: '2016-05-01T00:00:00.000Z' }, c: { __type: 'Date', iso: new Date(1) } }, list: [new Date(-62135596800000)] }],
]);

const deep = levels => (levels ? { down: deep(levels - 1) } : { end: true });

// Keys of the first level that are no REST names, and keys of nested objects.
const keys = counted('ke', 2120, [
  ['dots', { map: { 'a.b': int(1), 'ann@example.com': true, 'https://example.com/x': int(2) } }],
  ['dollar', { map: { $set: int(1), $: int(2) } }],
  ['blanks and the empty key', { map: { ' ': int(1), '': int(2), 'a b': int(3) } }],
  ['names of JavaScript', { map: { constructor: int(1), toString: int(2), length: int(3) } }],
  ['twice in one object', { map: { dup: int(1), [twin('dup')]: int(2) } }],
  ['not ASCII', { map: { 'ключ': int(1), '👍': int(2), '\uFEFFISO': int(3) } }],
  ['first level: blank', { 'a blank': int(1) }],
  ['first level: dot', { 'first.level': int(1) }],
  ['first level: empty', { '': int(1) }],
  ['first level: not ASCII', { größe: int(1) }],
  ['first level: a digit', { '1st': int(1) }],
  ['first level: underscore', { _unknown: int(1) }],
  ['first level: names of the wire', { className: 'x', length: int(1) }],
  ['100 levels', { map: deep(100) }],
  ['order of keys', { map: { zz: int(1), a: int(2), mm: int(3), b: int(4) } }],
  ['numbers as keys', { map: { 10: 'ten', 9: 'nine', '01': 'one' } }],
]);

const types = counted('ty', 2150, [
  ['undefined', { odd: null }], // its type byte becomes 06
  ['regular expression', { odd: new BSONRegExp('^a.*', 'i') }],
  ['code', { odd: new Code('function () { return 1; }') }],
  ['code with scope', { odd: new Code('function () { return x; }', { x: int(1) }) }],
  ['symbol', { odd: new BSONSymbol('sym') }],
  ['timestamp', { odd: Timestamp.fromBits(1, 1456819200) }],
  ['min key', { odd: new MinKey() }],
  ['max key', { odd: new MaxKey() }],
  ['UUID', { odd: new Binary(Buffer.from('00112233445566778899aabbccddeeff', 'hex'), 4) }],
  ['binary subtype 2', { odd: new Binary(Buffer.from('old'), 2) }],
  ['all of them, nested', { map: { r: new BSONRegExp('a', ''), i: new ObjectId('56d5000000000000000000bb'), t: Timestamp.fromBits(2, 1), m: new MinKey(), b: bytes('nested') } }],
]);

const places = counted('pl', 2170, [
  ['plain', { point: [2.3522, 48.8566], area: { type: 'Polygon', coordinates: [[[0, 0], [0, 2], [2, 2], [2, 0], [0, 0]]] } }],
  ['Int32', { point: [int(2), int(48)] }],
  ['latitude out of range', { point: [10, -92.5] }],
  ['longitude out of range', { point: [200.5, 10] }],
  ['the edges', { point: [180, 90] }],
  ['null', { point: null, area: null }],
  ['empty', { point: [] }],
  ['one number', { point: [1] }],
  ['three numbers', { point: [1, 2, 3] }],
  ['texts', { point: ['2.35', '48.85'] }],
  ['not finite', { point: [double(NaN), double(Infinity)] }],
  ['GeoJSON point', { point: { type: 'Point', coordinates: [2.3522, 48.8566] } }],
  ['Parse form', { point: { __type: 'GeoPoint', latitude: 48.8566, longitude: 2.3522 } }],
  ['polygon: open', { area: { type: 'Polygon', coordinates: [[[0, 0], [0, 1], [1, 1]]] } }],
  ['polygon: crosses itself', { area: { type: 'Polygon', coordinates: [[[0, 0], [2, 2], [2, 0], [0, 2], [0, 0]]] } }],
  ['polygon: with a hole', { area: { type: 'Polygon', coordinates: [[[0, 0], [0, 9], [9, 9], [9, 0], [0, 0]], [[1, 1], [1, 2], [2, 2], [2, 1], [1, 1]]] } }],
  ['polygon: Parse form', { area: { __type: 'Polygon', coordinates: [[0, 0], [0, 1], [1, 1]] } }],
  ['polygon: no ring', { area: { type: 'Polygon', coordinates: [] } }],
]);

const media = counted('me', 2200, [
  ['plain', { file: '0123456789abcdef0123456789abcdef_hello.txt', data: bytes('hello'), gallery: [{ __type: 'File', name: 'a_1.png', url: 'http://files.example.com/a_1.png' }] }],
  ['file: a URL', { file: 'http://files.example.com/old.png' }],
  ['file: an object', { file: { __type: 'File', name: 'fedcba9876543210fedcba9876543210_object.txt', url: 'http://files.example.com/x' } }],
  ['file: empty', { file: '' }],
  ['file: blank and not ASCII', { file: '0123456789abcdef0123456789abcdef_süß file.txt' }],
  ['bytes: base64 text', { data: 'aGVsbG8=' }],
  ['bytes: no base64', { data: 'not base64!' }],
  ['bytes: Parse form', { data: { __type: 'Bytes', base64: 'aGVsbG8=' } }],
  ['bytes: empty', { data: bytes('') }],
]);

const at2 = n => row('', 2220 + n, {});
const times = n => ({ _created_at: at2(n)._created_at, _updated_at: at2(n)._updated_at });
const ids = [
  { _id: oid(0x56d5_0001 * 2 ** 32), what: 'ObjectId', ...times(0) },
  { _id: int(42), what: 'Int32', ...times(1) },
  { _id: double(1.5), what: 'double', ...times(2) },
  { _id: { a: int(1), b: 'x' }, what: 'document', ...times(3) },
  { _id: 'with/slash', what: 'slash', ...times(4) },
  { _id: 'with$dollar and blank', what: 'dollar and blank', ...times(5) },
  { _id: 'ид-👍', what: 'not ASCII', ...times(6) },
  { _id: "o'quote\"; --", what: 'quotes', ...times(7) },
  { _id: 'idNoTimes1', what: 'no times' },
  { _id: oid(0x56d5_0002 * 2 ** 32), what: 'no times, ObjectId' },
  { _id: 'idLiteral1', what: 'createdAt and updatedAt as dates', createdAt: day('2015-01-01T00:00:00.000Z'), updatedAt: day('2015-01-02T00:00:00.000Z') },
  { _id: 'idLiteral2', what: 'createdAt and updatedAt as texts', createdAt: '2015-01-03T00:00:00.000Z', updatedAt: '2015-01-04T00:00:00.000Z' },
  { _id: 'idBoth0001', what: 'both forms', createdAt: day('2015-01-05T00:00:00.000Z'), ...times(8) },
  { _id: 'idWrong001', what: 'times of a wrong type', _created_at: 'yesterday', _updated_at: int(5) },
  { _id: 'idUpdated1', what: 'only _updated_at', _updated_at: day('2015-01-06T00:00:00.000Z') },
];

export const collections = [
  {
    name: 'Mixed', documents: mixed, indexes: [index({ number: 1 }), index({ text: 1 })],
    schema: schema('Mixed', {
      what: 'string', number: 'number', text: 'string', flag: 'boolean', when: 'date', list: 'array', map: 'map', owner: '*_User',
      links: 'relation<_User>', ACL: 'acl',
    }),
  },
  {
    name: 'Nulls', documents: nulls,
    schema: schema('Nulls', {
      what: 'string', number: 'number', text: 'string', flag: 'boolean', when: 'date', list: 'array', map: 'object', place: 'geopoint',
    }),
  },
  { name: 'Numbers', documents: numbers, schema: schema('Numbers', { what: 'string', number: 'number', list: 'array', map: 'object' }) },
  { name: 'Texts', documents: texts, indexes: [index({ text: 1 })], schema: schema('Texts', { what: 'string', text: 'string', list: 'array', map: 'object' }) },
  {
    name: 'Dates', documents: dates, patches: [[/* of */ 8, Buffer.from('\x12when\0'), Buffer.from('\x09when\0')]],
    schema: schema('Dates', { what: 'string', when: 'date', list: 'array', map: 'object' }),
  },
  {
    name: 'Keys', documents: keys, twins: ['dup'],
    indexes: [index({ 'map.$**': 1 }), index({ 'map.a.b': 1 })],
    schema: schema('Keys', { what: 'string', map: 'object' }),
  },
  {
    name: 'Types', documents: types, patches: [[0, Buffer.from('\x0aodd\0'), Buffer.from('\x06odd\0')]],
    schema: schema('Types', { what: 'string', map: 'object' }),
  },
  {
    name: 'Places', documents: places,
    indexes: [index({ point: '2dsphere' }), index({ point: '2d' }), index({ area: '2dsphere' })],
    schema: schema('Places', { what: 'string', point: 'geopoint', area: 'polygon' }),
  },
  { name: 'Media', documents: media, schema: schema('Media', { what: 'string', file: 'file', data: 'bytes', gallery: 'array' }) },
  { name: 'Ids', documents: ids, schema: schema('Ids', { what: 'string' }) },
  // No entry in _SCHEMA: the types are inferred.
  {
    name: 'Unlisted',
    documents: Array.from({ length: 5 }, (_, n) => row(`un${String(n).padStart(8, '0')}`, 2240 + n, {
      always: double(n + 0.5), word: `w${n}`, yes: n > 2, born: new Date(Date.UTC(2000 + n, 0, 1)), parts: [int(n)], detail: { n: int(n) },
      _p_owner: user('uAnn000001'), either: n % 2 ? 'text' : int(n), onlyNull: null, ...(n === 4 && { late: 'here' }),
    })),
  },
  { name: '_Join:gone:Unlisted', documents: [link(300, 'un00000000', 'uAnn000001')] },
];
