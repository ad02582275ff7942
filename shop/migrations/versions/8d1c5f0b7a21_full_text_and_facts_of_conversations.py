"""Full text and facts of conversations, kept in step by triggers: see shop/transcripts_index.py."""

import sqlalchemy as sa
from alembic import op

from shop.sentiment import sentiment

revision = '8d1c5f0b7a21'
down_revision = '5ed4b958057c'
branch_labels = None
depends_on = None

# SQLite. Both tables are contentless: what is said stands in outbox and turns only. The row's number carries the conversation
# (upper bits) and the message or turn (lower 31 bits), so that a search never has to look into another table.
WORDS = """json_extract({row}.payload, '$.text'),
    coalesce(json_extract({row}.payload, '$.order.number'), '') || coalesce((SELECT group_concat(' ' || json_extract(card.value, '$.sku')
    || ' ' || json_extract(card.value, '$.title'), ' ') FROM json_each({row}.payload, '$.products') AS card), '')"""
# A fact is one token: the hexadecimal digits of its text. Letters are lowered as far as ASCII goes, values cut at 100 characters.
FACTS = """(SELECT coalesce(group_concat(hex(lower(fact)), ' '), '') FROM (
    SELECT 'intent=' || {row}.intent AS fact
    UNION ALL SELECT 'fallback' WHERE {row}.intent = 'nlu_fallback' OR EXISTS (SELECT 1 FROM json_each({row}.actions) WHERE value = 'action_fallback')
    UNION ALL SELECT 'error' WHERE {row}.error <> ''
    UNION ALL SELECT 'action=' || value FROM json_each({row}.actions)
    UNION ALL SELECT 'entity=' || json_extract(value, '$.entity') FROM json_each({row}.entities)
    UNION ALL SELECT 'entity=' || json_extract(value, '$.entity') || '=' || substr(json_extract(value, '$.value'), 1, 100) FROM json_each({row}.entities)
        WHERE json_type(value, '$.value') IN ('text', 'integer', 'real')
    UNION ALL SELECT 'slot=' || key FROM json_each({row}.slots)
    UNION ALL SELECT 'slot=' || key || '=' || substr(value, 1, 100) FROM json_each({row}.slots) WHERE type IN ('text', 'integer', 'real')))"""
AT = "({row}.conversation_id << 31) | {row}.id"

SQLITE = """
CREATE VIRTUAL TABLE message_words USING fts5(said, cards, content='', tokenize="unicode61 remove_diacritics 0")
CREATE VIRTUAL TABLE turn_facts USING fts5(facts, content='', detail=none)
CREATE TRIGGER message_words_in AFTER INSERT ON outbox BEGIN INSERT INTO message_words(rowid, said, cards) VALUES ({at_new}, {words_new}); END
CREATE TRIGGER message_words_out AFTER DELETE ON outbox BEGIN
    INSERT INTO message_words(message_words, rowid, said, cards) VALUES ('delete', {at_old}, {words_old}); END
CREATE TRIGGER message_words_anew AFTER UPDATE OF payload, conversation_id ON outbox BEGIN
    INSERT INTO message_words(message_words, rowid, said, cards) VALUES ('delete', {at_old}, {words_old});
    INSERT INTO message_words(rowid, said, cards) VALUES ({at_new}, {words_new}); END
CREATE TRIGGER turn_facts_in AFTER INSERT ON turns BEGIN INSERT INTO turn_facts(rowid, facts) VALUES ({at_new}, {facts_new}); END
CREATE TRIGGER turn_facts_out AFTER DELETE ON turns BEGIN
    INSERT INTO turn_facts(turn_facts, rowid, facts) VALUES ('delete', {at_old}, {facts_old}); END
CREATE TRIGGER turn_facts_anew AFTER UPDATE OF intent, entities, slots, actions, error, conversation_id ON turns BEGIN
    INSERT INTO turn_facts(turn_facts, rowid, facts) VALUES ('delete', {at_old}, {facts_old});
    INSERT INTO turn_facts(rowid, facts) VALUES ({at_new}, {facts_new}); END
INSERT INTO message_words(rowid, said, cards) SELECT {at_outbox}, {words_outbox} FROM outbox
INSERT INTO turn_facts(rowid, facts) SELECT {at_turns}, {facts_turns} FROM turns
"""

# PostgreSQL. Narrow tables beside the wide ones: a search that hits a tenth of all messages reads few pages. Punctuation becomes space
# first, or the parser would read "a/b" as a file and "SK-1" as a number with a sign.
POSTGRESQL = r"""
CREATE FUNCTION plain_words(said text) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
    $$ SELECT to_tsvector('simple', regexp_replace(coalesce(said, ''), '[\x01-\x2f\x3a-\x40\x5b-\x60\x7b-\x7f’‘“”–—…£€]+', ' ', 'g')) $$
CREATE FUNCTION words_of_message(payload jsonb) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT setweight(plain_words(payload->>'text'), 'A') || setweight(plain_words(concat_ws(' ', payload->'order'->>'number',
        (SELECT string_agg(concat_ws(' ', card->>'sku', card->>'title'), ' ') FROM jsonb_array_elements(coalesce(payload->'products', '[]')) AS card))), 'B') $$
CREATE FUNCTION facts_of_turn(intent text, entities jsonb, slots jsonb, actions jsonb, error text) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce(array_agg(DISTINCT translate(fact, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz')), '{}') FROM (
        SELECT 'intent=' || intent AS fact
        UNION ALL SELECT 'fallback' WHERE intent = 'nlu_fallback' OR actions ? 'action_fallback'
        UNION ALL SELECT 'error' WHERE error <> ''
        UNION ALL SELECT 'action=' || value FROM jsonb_array_elements_text(actions)
        UNION ALL SELECT 'entity=' || (value->>'entity') FROM jsonb_array_elements(entities)
        UNION ALL SELECT 'entity=' || (value->>'entity') || '=' || left(value->>'value', 100) FROM jsonb_array_elements(entities)
            WHERE jsonb_typeof(value->'value') IN ('string', 'number')
        UNION ALL SELECT 'slot=' || key FROM jsonb_each(slots)
        UNION ALL SELECT 'slot=' || key || '=' || left(value #>> '{}', 100) FROM jsonb_each(slots) WHERE jsonb_typeof(value) IN ('string', 'number')
    ) AS found WHERE fact IS NOT NULL $$
CREATE TABLE message_words (id bigint PRIMARY KEY REFERENCES outbox ON DELETE CASCADE, conversation_id bigint NOT NULL, words tsvector NOT NULL)
CREATE TABLE turn_facts (id bigint PRIMARY KEY REFERENCES turns ON DELETE CASCADE, conversation_id bigint NOT NULL, facts text[] NOT NULL)
INSERT INTO message_words SELECT id, conversation_id, words_of_message(payload) FROM outbox
INSERT INTO turn_facts SELECT id, conversation_id, facts_of_turn(intent, entities, slots, actions, error) FROM turns
CREATE INDEX ix_message_words_words ON message_words USING gin (words)
CREATE INDEX ix_message_words_conversation_id ON message_words (conversation_id)
CREATE INDEX ix_turn_facts_facts ON turn_facts USING gin (facts)
CREATE INDEX ix_turn_facts_conversation_id ON turn_facts (conversation_id)
CREATE FUNCTION keep_message_words() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO message_words VALUES (new.id, new.conversation_id, words_of_message(new.payload))
        ON CONFLICT (id) DO UPDATE SET conversation_id = excluded.conversation_id, words = excluded.words;
    RETURN NULL; END $$
CREATE FUNCTION keep_turn_facts() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO turn_facts VALUES (new.id, new.conversation_id, facts_of_turn(new.intent, new.entities, new.slots, new.actions, new.error))
        ON CONFLICT (id) DO UPDATE SET conversation_id = excluded.conversation_id, facts = excluded.facts;
    RETURN NULL; END $$
CREATE TRIGGER message_words_kept AFTER INSERT OR UPDATE OF payload, conversation_id ON outbox FOR EACH ROW EXECUTE FUNCTION keep_message_words()
CREATE TRIGGER turn_facts_kept AFTER INSERT OR UPDATE OF intent, entities, slots, actions, error, conversation_id ON turns
    FOR EACH ROW EXECUTE FUNCTION keep_turn_facts()
"""


def upgrade() -> None:
    connection = op.get_bind()
    with op.batch_alter_table('turns') as table:
        table.add_column(sa.Column('sentiment', sa.Double(), nullable=True))
    turns = sa.table('turns', sa.column('id'), sa.column('text'), sa.column('sentiment'))
    for turn in connection.execute(sa.select(turns.c.id, turns.c.text)).all():
        connection.execute(sa.update(turns).where(turns.c.id == turn.id).values(sentiment=sentiment(turn.text)))
    op.create_index('ix_turns_confidence_conversation_id', 'turns', ['confidence', 'conversation_id'])
    op.create_index('ix_turns_sentiment_conversation_id', 'turns', ['sentiment', 'conversation_id'])
    op.create_index('ix_turns_at_intent', 'turns', ['at', 'intent'])
    op.drop_index('ix_conversations_last_message_at', 'conversations')
    op.create_index('ix_conversations_last_message_at_id', 'conversations', ['last_message_at', 'id'])
    for statement in statements(connection.dialect.name):
        connection.exec_driver_sql(statement)


def statements(dialect: str) -> list[str]:
    """A statement begins at the left margin and goes on in indented lines."""
    if dialect == 'sqlite':
        made = {f'{kind}_{row}': text.format(row=row) for kind, text in (('words', WORDS), ('facts', FACTS), ('at', AT))
                for row in ('new', 'old', 'outbox', 'turns')}
        text = SQLITE.format(**made)
    else:
        text = POSTGRESQL
    found: list[str] = []
    for line in text.strip().splitlines():
        if line.startswith(('CREATE', 'INSERT')):
            found.append(line)
        else:
            found[-1] += '\n' + line
    return found


def downgrade() -> None:
    raise NotImplementedError('Put a copy of the database back instead.')
