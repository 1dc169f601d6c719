-- The schema as PostgreSQL 18 knows it; generated, and executable on an empty database.
SET check_function_bodies = off;

CREATE TYPE public.run_status AS ENUM ('pending', 'running', 'completed', 'failed', 'cancelled');

CREATE TYPE public.step_status AS ENUM ('pending', 'running', 'completed', 'failed', 'cancelled', 'skipped');

CREATE TYPE public.trigger_type AS ENUM ('manual', 'schedule', 'api', 'event');

CREATE OR REPLACE FUNCTION public.add_version_of_step()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    INSERT INTO workflow_versions (workflow_id, version)
    SELECT id, NEW.workflow_version FROM workflows WHERE id = NEW.workflow_id AND NEW.workflow_version >= 1
    ON CONFLICT DO NOTHING;
    RETURN NEW;
END
$function$;

CREATE OR REPLACE FUNCTION public.add_version_of_workflow()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    INSERT INTO workflow_versions (workflow_id, version) VALUES (NEW.id, NEW.version) ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$function$;

CREATE OR REPLACE FUNCTION public.check_moved_step_of_run()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    -- Where either is missing, its foreign key says so.
    IF EXISTS (
        SELECT FROM workflow_runs AS run
        CROSS JOIN workflow_steps AS step
        WHERE run.id = NEW.run_id AND step.id = NEW.step_id
            AND (step.workflow_id, step.workflow_version) IS DISTINCT FROM (run.workflow_id, run.workflow_version)
    ) THEN
        RAISE EXCEPTION 'the step is not one of the version that the run is of'
            USING ERRCODE = 'foreign_key_violation', TABLE = 'run_step_logs', CONSTRAINT = 'tr_run_step_logs__moved_step_of_run';
    END IF;
    RETURN NEW;
END
$function$;

CREATE OR REPLACE FUNCTION public.check_steps_of_runs()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    -- Where either is missing, its foreign key says so.
    IF EXISTS (
        SELECT FROM added AS log
        JOIN workflow_runs AS run ON run.id = log.run_id
        JOIN workflow_steps AS step ON step.id = log.step_id
        WHERE (step.workflow_id, step.workflow_version) IS DISTINCT FROM (run.workflow_id, run.workflow_version)
    ) THEN
        RAISE EXCEPTION 'a step is not one of the version that its run is of'
            USING ERRCODE = 'foreign_key_violation', TABLE = 'run_step_logs', CONSTRAINT = 'tr_run_step_logs__step_of_run';
    END IF;
    RETURN NULL;
END
$function$;

CREATE OR REPLACE FUNCTION public.keep_published_steps()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
DECLARE
    is_published boolean;
BEGIN
    IF TG_OP = 'UPDATE' AND NEW IS NOT DISTINCT FROM OLD THEN
        RETURN NULL;
    END IF;
    -- Whoever publishes the version waits for this transaction, or this one for that. A version that goes with its workflow does not count.
    SELECT coalesce(bool_or(published_at IS NOT NULL), false) INTO is_published FROM (
        SELECT named.published_at
        FROM workflow_versions AS named
        JOIN workflows AS workflow ON workflow.id = named.workflow_id
        WHERE (named.workflow_id = OLD.workflow_id AND named.version = OLD.workflow_version)
            OR (named.workflow_id = NEW.workflow_id AND named.version = NEW.workflow_version)
        FOR SHARE OF named
    ) AS locked;
    IF is_published THEN
        RAISE EXCEPTION 'the steps of a published version stay as they are'
            USING ERRCODE = 'restrict_violation', TABLE = 'workflow_steps', CONSTRAINT = 'tr_workflow_steps__published_stay';
    END IF;
    RETURN NULL;
END
$function$;

CREATE OR REPLACE FUNCTION public.keep_published_versions()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF NOT EXISTS (SELECT FROM workflows WHERE id = OLD.workflow_id) THEN
            RETURN NULL;
        END IF;
    ELSIF (NEW.workflow_id, NEW.version, NEW.published_at) IS NOT DISTINCT FROM (OLD.workflow_id, OLD.version, OLD.published_at) THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION 'a published version stays published'
        USING ERRCODE = 'restrict_violation', TABLE = 'workflow_versions', CONSTRAINT = 'tr_workflow_versions__published_stay';
END
$function$;

CREATE OR REPLACE FUNCTION public.keep_version_of_run()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    RAISE EXCEPTION 'a run stays one of its version'
        USING ERRCODE = 'restrict_violation', TABLE = 'workflow_runs', CONSTRAINT = 'tr_workflow_runs__version_stays';
END
$function$;

CREATE OR REPLACE FUNCTION public.set_updated_at()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    NEW.updated_at := now();
    RETURN NEW;
END
$function$;

CREATE TABLE public.api_keys (
    id uuid DEFAULT uuidv7() NOT NULL,
    user_id uuid NOT NULL,
    name text NOT NULL,
    prefix text NOT NULL,
    key_hash bytea NOT NULL,
    hash_version smallint DEFAULT 1 NOT NULL,
    scopes text[] DEFAULT '{}'::text[] NOT NULL,
    expires_at timestamp with time zone,
    last_used_at timestamp with time zone,
    revoked_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT pk_api_keys PRIMARY KEY (id),
    CONSTRAINT uq_api_keys__prefix UNIQUE (prefix),
    CONSTRAINT ck_api_keys__created_at_range CHECK (((created_at >= ('0001-01-01 00:00:00'::timestamp without time zone AT TIME ZONE 'UTC'::text)) AND (created_at < ('10000-01-01 00:00:00'::timestamp without time zone AT TIME ZONE 'UTC'::text)))),
    CONSTRAINT ck_api_keys__expires_at_range CHECK (((expires_at >= ('0001-01-01 00:00:00'::timestamp without time zone AT TIME ZONE 'UTC'::text)) AND (expires_at < ('10000-01-01 00:00:00'::timestamp without time zone AT TIME ZONE 'UTC'::text)))),
    CONSTRAINT ck_api_keys__hash_version_positive CHECK ((hash_version >= 1)),
    CONSTRAINT ck_api_keys__key_hash_size CHECK ((octet_length(key_hash) = 32)),
    CONSTRAINT ck_api_keys__last_used_at_range CHECK (((last_used_at >= ('0001-01-01 00:00:00'::timestamp without time zone AT TIME ZONE 'UTC'::text)) AND (last_used_at < ('10000-01-01 00:00:00'::timestamp without time zone AT TIME ZONE 'UTC'::text)))),
    CONSTRAINT ck_api_keys__name_length CHECK (((char_length(name) >= 1) AND (char_length(name) <= 100))),
    CONSTRAINT ck_api_keys__prefix_format CHECK ((prefix ~ '^[A-Za-z0-9_]{8,64}$'::text)),
    CONSTRAINT ck_api_keys__revoked_at_range CHECK (((revoked_at >= ('0001-01-01 00:00:00'::timestamp without time zone AT TIME ZONE 'UTC'::text)) AND (revoked_at < ('10000-01-01 00:00:00'::timestamp without time zone AT TIME ZONE 'UTC'::text)))),
    CONSTRAINT ck_api_keys__scopes_count CHECK ((cardinality(scopes) <= 100)),
    CONSTRAINT ck_api_keys__scopes_no_null CHECK ((array_position(scopes, NULL::text) IS NULL)),
    CONSTRAINT ck_api_keys__scopes_size CHECK ((pg_column_size(scopes) <= 16384)),
    CONSTRAINT ck_api_keys__updated_at_range CHECK (((updated_at >= ('0001-01-01 00:00:00'::timestamp without time zone AT TIME ZONE 'UTC'::text)) AND (updated_at < ('10000-01-01 00:00:00'::timestamp without time zone AT TIME ZONE 'UTC'::text))))
);
CREATE INDEX ix_api_keys__user_id ON public.api_keys USING btree (user_id);
CREATE TRIGGER set_updated_at BEFORE UPDATE ON public.api_keys FOR EACH ROW WHEN ((old.* IS DISTINCT FROM new.*)) EXECUTE FUNCTION public.set_updated_at();

CREATE TABLE public.outbox_events (
    id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    event_id uuid DEFAULT uuidv7() NOT NULL,
    aggregate_type text NOT NULL,
    aggregate_id uuid NOT NULL,
    event_type text NOT NULL,
    schema_version smallint DEFAULT 1 NOT NULL,
    payload jsonb NOT NULL,
    headers jsonb DEFAULT '{}'::jsonb NOT NULL,
    attempts smallint DEFAULT 0 NOT NULL,
    available_at timestamp with time zone DEFAULT now() NOT NULL,
    last_error text,
    published_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    failures smallint DEFAULT 0 NOT NULL,
    CONSTRAINT pk_outbox_events PRIMARY KEY (id),
    CONSTRAINT ck_outbox_events__aggregate_type_length CHECK (((char_length(aggregate_type) >= 1) AND (char_length(aggregate_type) <= 100))),
    CONSTRAINT ck_outbox_events__attempts_not_negative CHECK ((attempts >= 0)),
    CONSTRAINT ck_outbox_events__available_at_range CHECK (((available_at >= ('0001-01-01 00:00:00'::timestamp without time zone AT TIME ZONE 'UTC'::text)) AND (available_at < ('10000-01-01 00:00:00'::timestamp without time zone AT TIME ZONE 'UTC'::text)))),
    CONSTRAINT ck_outbox_events__created_at_range CHECK (((created_at >= ('0001-01-01 00:00:00'::timestamp without time zone AT TIME ZONE 'UTC'::text)) AND (created_at < ('10000-01-01 00:00:00'::timestamp without time zone AT TIME ZONE 'UTC'::text)))),
    CONSTRAINT ck_outbox_events__event_type_length CHECK (((char_length(event_type) >= 1) AND (char_length(event_type) <= 200))),
    CONSTRAINT ck_outbox_events__failures_not_negative CHECK ((failures >= 0)),
    CONSTRAINT ck_outbox_events__headers_is_object CHECK ((jsonb_typeof(headers) = 'object'::text)),
    CONSTRAINT ck_outbox_events__headers_size CHECK ((pg_column_size(headers) <= 16384)),
    CONSTRAINT ck_outbox_events__last_error_length CHECK (((char_length(last_error) >= 0) AND (char_length(last_error) <= 10000))),
    CONSTRAINT ck_outbox_events__payload_is_object CHECK ((jsonb_typeof(payload) = 'object'::text)),
    CONSTRAINT ck_outbox_events__payload_size CHECK ((pg_column_size(payload) <= 262144)),
    CONSTRAINT ck_outbox_events__published_at_range CHECK (((published_at >= ('0001-01-01 00:00:00'::timestamp without time zone AT TIME ZONE 'UTC'::text)) AND (published_at < ('10000-01-01 00:00:00'::timestamp without time zone AT TIME ZONE 'UTC'::text)))),
    CONSTRAINT ck_outbox_events__schema_version_positive CHECK ((schema_version >= 1)),
    CONSTRAINT ck_outbox_events__updated_at_range CHECK (((updated_at >= ('0001-01-01 00:00:00'::timestamp without time zone AT TIME ZONE 'UTC'::text)) AND (updated_at < ('10000-01-01 00:00:00'::timestamp without time zone AT TIME ZONE 'UTC'::text))))
)
WITH (autovacuum_analyze_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000);
CREATE INDEX ix_outbox_events__id_unpublished ON public.outbox_events USING btree (id) WHERE (published_at IS NULL);
CREATE TRIGGER set_updated_at BEFORE UPDATE ON public.outbox_events FOR EACH ROW WHEN ((old.* IS DISTINCT FROM new.*)) EXECUTE FUNCTION public.set_updated_at();

CREATE TABLE public.run_step_logs (
    run_id uuid NOT NULL,
    step_id uuid NOT NULL,
    step_key text NOT NULL,
    attempt smallint DEFAULT 1 NOT NULL,
    status public.step_status DEFAULT 'pending'::public.step_status NOT NULL,
    input jsonb DEFAULT '{}'::jsonb NOT NULL,
    output jsonb,
    error jsonb,
    message text,
    started_at timestamp with time zone,
    finished_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT pk_run_step_logs PRIMARY KEY (run_id, step_id, attempt),
    CONSTRAINT ck_run_step_logs__attempt_positive CHECK ((attempt >= 1)),
    CONSTRAINT ck_run_step_logs__created_at_range CHECK (((created_at >= ('0001-01-01 00:00:00'::timestamp without time zone AT TIME ZONE 'UTC'::text)) AND (created_at < ('10000-01-01 00:00:00'::timestamp without time zone AT TIME ZONE 'UTC'::text)))),
    CONSTRAINT ck_run_step_logs__error_is_object CHECK ((jsonb_typeof(error) = 'object'::text)),
    CONSTRAINT ck_run_step_logs__error_size CHECK ((pg_column_size(error) <= 65536)),
    CONSTRAINT ck_run_step_logs__finished_at_range CHECK (((finished_at >= ('0001-01-01 00:00:00'::timestamp without time zone AT TIME ZONE 'UTC'::text)) AND (finished_at < ('10000-01-01 00:00:00'::timestamp without time zone AT TIME ZONE 'UTC'::text)))),
    CONSTRAINT ck_run_step_logs__finished_when_terminal CHECK (((status = ANY (ARRAY['completed'::public.step_status, 'failed'::public.step_status, 'cancelled'::public.step_status, 'skipped'::public.step_status])) = (finished_at IS NOT NULL))),
    CONSTRAINT ck_run_step_logs__input_is_object CHECK ((jsonb_typeof(input) = 'object'::text)),
    CONSTRAINT ck_run_step_logs__input_size CHECK ((pg_column_size(input) <= 1048576)),
    CONSTRAINT ck_run_step_logs__message_length CHECK (((char_length(message) >= 0) AND (char_length(message) <= 65536))),
    CONSTRAINT ck_run_step_logs__output_is_object CHECK ((jsonb_typeof(output) = 'object'::text)),
    CONSTRAINT ck_run_step_logs__output_size CHECK ((pg_column_size(output) <= 1048576)),
    CONSTRAINT ck_run_step_logs__started_at_range CHECK (((started_at >= ('0001-01-01 00:00:00'::timestamp without time zone AT TIME ZONE 'UTC'::text)) AND (started_at < ('10000-01-01 00:00:00'::timestamp without time zone AT TIME ZONE 'UTC'::text)))),
    CONSTRAINT ck_run_step_logs__started_when_begun CHECK (((status <> ALL (ARRAY['running'::public.step_status, 'completed'::public.step_status, 'failed'::public.step_status])) OR (started_at IS NOT NULL))),
    CONSTRAINT ck_run_step_logs__step_key_format CHECK (((step_key ~ '^[a-z0-9_-]+$'::text) AND (char_length(step_key) <= 64))),
    CONSTRAINT ck_run_step_logs__updated_at_range CHECK (((updated_at >= ('0001-01-01 00:00:00'::timestamp without time zone AT TIME ZONE 'UTC'::text)) AND (updated_at < ('10000-01-01 00:00:00'::timestamp without time zone AT TIME ZONE 'UTC'::text))))
);
CREATE INDEX ix_run_step_logs__step_id ON public.run_step_logs USING btree (step_id);
CREATE TRIGGER set_updated_at BEFORE UPDATE ON public.run_step_logs FOR EACH ROW WHEN ((old.* IS DISTINCT FROM new.*)) EXECUTE FUNCTION public.set_updated_at();
CREATE TRIGGER tr_run_step_logs__moved_step_of_run BEFORE UPDATE OF run_id, step_id ON public.run_step_logs FOR EACH ROW EXECUTE FUNCTION public.check_moved_step_of_run();
CREATE TRIGGER tr_run_step_logs__step_of_run AFTER INSERT ON public.run_step_logs REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION public.check_steps_of_runs();

CREATE TABLE public.users (
    id uuid DEFAULT uuidv7() NOT NULL,
    email text NOT NULL,
    display_name text,
    password_hash text,
    is_active boolean DEFAULT true NOT NULL,
    is_superuser boolean DEFAULT false NOT NULL,
    email_verified_at timestamp with time zone,
    last_login_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT pk_users PRIMARY KEY (id),
    CONSTRAINT ck_users__created_at_range CHECK (((created_at >= ('0001-01-01 00:00:00'::timestamp without time zone AT TIME ZONE 'UTC'::text)) AND (created_at < ('10000-01-01 00:00:00'::timestamp without time zone AT TIME ZONE 'UTC'::text)))),
    CONSTRAINT ck_users__display_name_length CHECK (((char_length(display_name) >= 1) AND (char_length(display_name) <= 200))),
    CONSTRAINT ck_users__email_has_one_at CHECK ((email ~ '^[^@]+@[^@]+$'::text)),
    CONSTRAINT ck_users__email_length CHECK (((char_length(email) >= 3) AND (char_length(email) <= 320))),
    CONSTRAINT ck_users__email_no_blank CHECK ((email !~ '[\u0001-\u0020\u007F-\u00A0\u00AD\u061C\u1680\u180E\u2000-\u200F\u2028-\u202F\u205F-\u206F\u3000\uFEFF\uFFF9-\uFFFB]'::text)),
    CONSTRAINT ck_users__email_normalized CHECK ((email IS NFC NORMALIZED)),
    CONSTRAINT ck_users__email_verified_at_range CHECK (((email_verified_at >= ('0001-01-01 00:00:00'::timestamp without time zone AT TIME ZONE 'UTC'::text)) AND (email_verified_at < ('10000-01-01 00:00:00'::timestamp without time zone AT TIME ZONE 'UTC'::text)))),
    CONSTRAINT ck_users__last_login_at_range CHECK (((last_login_at >= ('0001-01-01 00:00:00'::timestamp without time zone AT TIME ZONE 'UTC'::text)) AND (last_login_at < ('10000-01-01 00:00:00'::timestamp without time zone AT TIME ZONE 'UTC'::text)))),
    CONSTRAINT ck_users__password_hash_length CHECK (((char_length(password_hash) >= 1) AND (char_length(password_hash) <= 512))),
    CONSTRAINT ck_users__updated_at_range CHECK (((updated_at >= ('0001-01-01 00:00:00'::timestamp without time zone AT TIME ZONE 'UTC'::text)) AND (updated_at < ('10000-01-01 00:00:00'::timestamp without time zone AT TIME ZONE 'UTC'::text))))
);
CREATE UNIQUE INDEX uq_users__casefold_email ON public.users USING btree (casefold((email COLLATE pg_unicode_fast)));
CREATE TRIGGER set_updated_at BEFORE UPDATE ON public.users FOR EACH ROW WHEN ((old.* IS DISTINCT FROM new.*)) EXECUTE FUNCTION public.set_updated_at();

CREATE TABLE public.workflow_run_claims (
    run_id uuid NOT NULL,
    attempt smallint DEFAULT 1 NOT NULL,
    held_by text,
    leased_until timestamp with time zone NOT NULL,
    available_at timestamp with time zone NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT pk_workflow_run_claims PRIMARY KEY (run_id),
    CONSTRAINT ck_workflow_run_claims__attempt_positive CHECK ((attempt >= 1)),
    CONSTRAINT ck_workflow_run_claims__available_at_range CHECK (((available_at >= ('0001-01-01 00:00:00'::timestamp without time zone AT TIME ZONE 'UTC'::text)) AND (available_at < ('10000-01-01 00:00:00'::timestamp without time zone AT TIME ZONE 'UTC'::text)))),
    CONSTRAINT ck_workflow_run_claims__created_at_range CHECK (((created_at >= ('0001-01-01 00:00:00'::timestamp without time zone AT TIME ZONE 'UTC'::text)) AND (created_at < ('10000-01-01 00:00:00'::timestamp without time zone AT TIME ZONE 'UTC'::text)))),
    CONSTRAINT ck_workflow_run_claims__held_by_length CHECK (((char_length(held_by) >= 1) AND (char_length(held_by) <= 200))),
    CONSTRAINT ck_workflow_run_claims__leased_until_range CHECK (((leased_until >= ('0001-01-01 00:00:00'::timestamp without time zone AT TIME ZONE 'UTC'::text)) AND (leased_until < ('10000-01-01 00:00:00'::timestamp without time zone AT TIME ZONE 'UTC'::text)))),
    CONSTRAINT ck_workflow_run_claims__updated_at_range CHECK (((updated_at >= ('0001-01-01 00:00:00'::timestamp without time zone AT TIME ZONE 'UTC'::text)) AND (updated_at < ('10000-01-01 00:00:00'::timestamp without time zone AT TIME ZONE 'UTC'::text))))
)
WITH (autovacuum_analyze_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000, fillfactor = 50);
CREATE INDEX ix_workflow_run_claims__available_at_run_id ON public.workflow_run_claims USING btree (available_at, run_id);
CREATE TRIGGER set_updated_at BEFORE UPDATE ON public.workflow_run_claims FOR EACH ROW WHEN ((old.* IS DISTINCT FROM new.*)) EXECUTE FUNCTION public.set_updated_at();

CREATE TABLE public.workflow_run_keys (
    workflow_id uuid NOT NULL,
    key text NOT NULL,
    run_id uuid NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT pk_workflow_run_keys PRIMARY KEY (workflow_id, key),
    CONSTRAINT ck_workflow_run_keys__created_at_range CHECK (((created_at >= ('0001-01-01 00:00:00'::timestamp without time zone AT TIME ZONE 'UTC'::text)) AND (created_at < ('10000-01-01 00:00:00'::timestamp without time zone AT TIME ZONE 'UTC'::text)))),
    CONSTRAINT ck_workflow_run_keys__key_length CHECK (((char_length(key) >= 1) AND (char_length(key) <= 200))),
    CONSTRAINT ck_workflow_run_keys__updated_at_range CHECK (((updated_at >= ('0001-01-01 00:00:00'::timestamp without time zone AT TIME ZONE 'UTC'::text)) AND (updated_at < ('10000-01-01 00:00:00'::timestamp without time zone AT TIME ZONE 'UTC'::text))))
);
CREATE TRIGGER set_updated_at BEFORE UPDATE ON public.workflow_run_keys FOR EACH ROW WHEN ((old.* IS DISTINCT FROM new.*)) EXECUTE FUNCTION public.set_updated_at();

CREATE TABLE public.workflow_runs (
    id uuid DEFAULT uuidv7() NOT NULL,
    workflow_id uuid NOT NULL,
    workflow_version integer NOT NULL,
    status public.run_status DEFAULT 'pending'::public.run_status NOT NULL,
    trigger_type public.trigger_type DEFAULT 'manual'::public.trigger_type NOT NULL,
    triggered_by uuid,
    input jsonb DEFAULT '{}'::jsonb NOT NULL,
    output jsonb,
    error jsonb,
    started_at timestamp with time zone,
    finished_at timestamp with time zone,
    cancel_requested_at timestamp with time zone,
    lock_version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    deadline_at timestamp with time zone,
    retry_of uuid,
    CONSTRAINT pk_workflow_runs PRIMARY KEY (id),
    CONSTRAINT ck_workflow_runs__cancel_requested_at_range CHECK (((cancel_requested_at >= ('0001-01-01 00:00:00'::timestamp without time zone AT TIME ZONE 'UTC'::text)) AND (cancel_requested_at < ('10000-01-01 00:00:00'::timestamp without time zone AT TIME ZONE 'UTC'::text)))),
    CONSTRAINT ck_workflow_runs__created_at_range CHECK (((created_at >= ('0001-01-01 00:00:00'::timestamp without time zone AT TIME ZONE 'UTC'::text)) AND (created_at < ('10000-01-01 00:00:00'::timestamp without time zone AT TIME ZONE 'UTC'::text)))),
    CONSTRAINT ck_workflow_runs__deadline_at_range CHECK (((deadline_at >= ('0001-01-01 00:00:00'::timestamp without time zone AT TIME ZONE 'UTC'::text)) AND (deadline_at < ('10000-01-01 00:00:00'::timestamp without time zone AT TIME ZONE 'UTC'::text)))),
    CONSTRAINT ck_workflow_runs__error_is_object CHECK ((jsonb_typeof(error) = 'object'::text)),
    CONSTRAINT ck_workflow_runs__error_size CHECK ((pg_column_size(error) <= 65536)),
    CONSTRAINT ck_workflow_runs__finished_at_range CHECK (((finished_at >= ('0001-01-01 00:00:00'::timestamp without time zone AT TIME ZONE 'UTC'::text)) AND (finished_at < ('10000-01-01 00:00:00'::timestamp without time zone AT TIME ZONE 'UTC'::text)))),
    CONSTRAINT ck_workflow_runs__finished_when_terminal CHECK (((status = ANY (ARRAY['completed'::public.run_status, 'failed'::public.run_status, 'cancelled'::public.run_status])) = (finished_at IS NOT NULL))),
    CONSTRAINT ck_workflow_runs__input_is_object CHECK ((jsonb_typeof(input) = 'object'::text)),
    CONSTRAINT ck_workflow_runs__input_size CHECK ((pg_column_size(input) <= 1048576)),
    CONSTRAINT ck_workflow_runs__output_is_object CHECK ((jsonb_typeof(output) = 'object'::text)),
    CONSTRAINT ck_workflow_runs__output_size CHECK ((pg_column_size(output) <= 1048576)),
    CONSTRAINT ck_workflow_runs__retry_of_another CHECK ((retry_of <> id)),
    CONSTRAINT ck_workflow_runs__started_at_range CHECK (((started_at >= ('0001-01-01 00:00:00'::timestamp without time zone AT TIME ZONE 'UTC'::text)) AND (started_at < ('10000-01-01 00:00:00'::timestamp without time zone AT TIME ZONE 'UTC'::text)))),
    CONSTRAINT ck_workflow_runs__started_when_begun CHECK (((status <> ALL (ARRAY['running'::public.run_status, 'completed'::public.run_status, 'failed'::public.run_status])) OR (started_at IS NOT NULL))),
    CONSTRAINT ck_workflow_runs__updated_at_range CHECK (((updated_at >= ('0001-01-01 00:00:00'::timestamp without time zone AT TIME ZONE 'UTC'::text)) AND (updated_at < ('10000-01-01 00:00:00'::timestamp without time zone AT TIME ZONE 'UTC'::text)))),
    CONSTRAINT ck_workflow_runs__workflow_version_positive CHECK ((workflow_version >= 1))
);
CREATE INDEX ix_workflow_runs__deadline_at_id_unfinished ON public.workflow_runs USING btree (deadline_at, id) WHERE ((deadline_at IS NOT NULL) AND (status = ANY (ARRAY['pending'::public.run_status, 'running'::public.run_status])));
CREATE INDEX ix_workflow_runs__status_created_at_id_unfinished ON public.workflow_runs USING btree (status, created_at, id) WHERE (status = ANY (ARRAY['pending'::public.run_status, 'running'::public.run_status]));
CREATE INDEX ix_workflow_runs__triggered_by ON public.workflow_runs USING btree (triggered_by) WHERE (triggered_by IS NOT NULL);
CREATE INDEX ix_workflow_runs__workflow_id_created_at_id ON public.workflow_runs USING btree (workflow_id, created_at DESC, id DESC);
CREATE TRIGGER set_updated_at BEFORE UPDATE ON public.workflow_runs FOR EACH ROW WHEN ((old.* IS DISTINCT FROM new.*)) EXECUTE FUNCTION public.set_updated_at();
CREATE TRIGGER tr_workflow_runs__version_stays BEFORE UPDATE OF workflow_id, workflow_version ON public.workflow_runs FOR EACH ROW WHEN (((old.workflow_id IS DISTINCT FROM new.workflow_id) OR (old.workflow_version IS DISTINCT FROM new.workflow_version))) EXECUTE FUNCTION public.keep_version_of_run();

CREATE TABLE public.workflow_steps (
    id uuid DEFAULT uuidv7() NOT NULL,
    workflow_id uuid NOT NULL,
    workflow_version integer DEFAULT 1 NOT NULL,
    key text NOT NULL,
    name text NOT NULL,
    step_type text NOT NULL,
    "position" integer NOT NULL,
    depends_on text[] DEFAULT '{}'::text[] NOT NULL,
    config jsonb DEFAULT '{}'::jsonb NOT NULL,
    max_attempts smallint DEFAULT 1 NOT NULL,
    timeout_seconds integer,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT pk_workflow_steps PRIMARY KEY (id),
    CONSTRAINT uq_workflow_steps__workflow_id_workflow_version_key UNIQUE (workflow_id, workflow_version, key),
    CONSTRAINT uq_workflow_steps__workflow_id_workflow_version_position UNIQUE (workflow_id, workflow_version, "position"),
    CONSTRAINT ck_workflow_steps__config_is_object CHECK ((jsonb_typeof(config) = 'object'::text)),
    CONSTRAINT ck_workflow_steps__config_size CHECK ((pg_column_size(config) <= 262144)),
    CONSTRAINT ck_workflow_steps__created_at_range CHECK (((created_at >= ('0001-01-01 00:00:00'::timestamp without time zone AT TIME ZONE 'UTC'::text)) AND (created_at < ('10000-01-01 00:00:00'::timestamp without time zone AT TIME ZONE 'UTC'::text)))),
    CONSTRAINT ck_workflow_steps__depends_on_count CHECK ((cardinality(depends_on) <= 100)),
    CONSTRAINT ck_workflow_steps__depends_on_no_null CHECK ((array_position(depends_on, NULL::text) IS NULL)),
    CONSTRAINT ck_workflow_steps__depends_on_size CHECK ((pg_column_size(depends_on) <= 16384)),
    CONSTRAINT ck_workflow_steps__key_format CHECK (((key ~ '^[a-z0-9_-]+$'::text) AND (char_length(key) <= 64))),
    CONSTRAINT ck_workflow_steps__max_attempts_range CHECK (((max_attempts >= 1) AND (max_attempts <= 100))),
    CONSTRAINT ck_workflow_steps__name_length CHECK (((char_length(name) >= 1) AND (char_length(name) <= 200))),
    CONSTRAINT ck_workflow_steps__not_its_own_dependency CHECK ((NOT (key = ANY (depends_on)))),
    CONSTRAINT ck_workflow_steps__position_not_negative CHECK (("position" >= 0)),
    CONSTRAINT ck_workflow_steps__step_type_length CHECK (((char_length(step_type) >= 1) AND (char_length(step_type) <= 100))),
    CONSTRAINT ck_workflow_steps__timeout_seconds_positive CHECK ((timeout_seconds > 0)),
    CONSTRAINT ck_workflow_steps__updated_at_range CHECK (((updated_at >= ('0001-01-01 00:00:00'::timestamp without time zone AT TIME ZONE 'UTC'::text)) AND (updated_at < ('10000-01-01 00:00:00'::timestamp without time zone AT TIME ZONE 'UTC'::text)))),
    CONSTRAINT ck_workflow_steps__workflow_version_positive CHECK ((workflow_version >= 1))
);
CREATE TRIGGER set_updated_at BEFORE UPDATE ON public.workflow_steps FOR EACH ROW WHEN ((old.* IS DISTINCT FROM new.*)) EXECUTE FUNCTION public.set_updated_at();
CREATE TRIGGER tr_workflow_steps__add_version BEFORE INSERT ON public.workflow_steps FOR EACH ROW EXECUTE FUNCTION public.add_version_of_step();
CREATE TRIGGER tr_workflow_steps__published_stay AFTER INSERT OR DELETE OR UPDATE ON public.workflow_steps FOR EACH ROW EXECUTE FUNCTION public.keep_published_steps();

CREATE TABLE public.workflow_versions (
    workflow_id uuid NOT NULL,
    version integer NOT NULL,
    published_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT pk_workflow_versions PRIMARY KEY (workflow_id, version),
    CONSTRAINT ck_workflow_versions__created_at_range CHECK (((created_at >= ('0001-01-01 00:00:00'::timestamp without time zone AT TIME ZONE 'UTC'::text)) AND (created_at < ('10000-01-01 00:00:00'::timestamp without time zone AT TIME ZONE 'UTC'::text)))),
    CONSTRAINT ck_workflow_versions__published_at_range CHECK (((published_at >= ('0001-01-01 00:00:00'::timestamp without time zone AT TIME ZONE 'UTC'::text)) AND (published_at < ('10000-01-01 00:00:00'::timestamp without time zone AT TIME ZONE 'UTC'::text)))),
    CONSTRAINT ck_workflow_versions__updated_at_range CHECK (((updated_at >= ('0001-01-01 00:00:00'::timestamp without time zone AT TIME ZONE 'UTC'::text)) AND (updated_at < ('10000-01-01 00:00:00'::timestamp without time zone AT TIME ZONE 'UTC'::text)))),
    CONSTRAINT ck_workflow_versions__version_positive CHECK ((version >= 1))
);
CREATE TRIGGER set_updated_at BEFORE UPDATE ON public.workflow_versions FOR EACH ROW WHEN ((old.* IS DISTINCT FROM new.*)) EXECUTE FUNCTION public.set_updated_at();
CREATE TRIGGER tr_workflow_versions__published_stay AFTER DELETE OR UPDATE ON public.workflow_versions FOR EACH ROW WHEN ((old.published_at IS NOT NULL)) EXECUTE FUNCTION public.keep_published_versions();

CREATE TABLE public.workflows (
    id uuid DEFAULT uuidv7() NOT NULL,
    owner_id uuid NOT NULL,
    name text NOT NULL,
    description text,
    is_enabled boolean DEFAULT true NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    settings jsonb DEFAULT '{}'::jsonb NOT NULL,
    archived_at timestamp with time zone,
    lock_version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT pk_workflows PRIMARY KEY (id),
    CONSTRAINT ck_workflows__archived_at_range CHECK (((archived_at >= ('0001-01-01 00:00:00'::timestamp without time zone AT TIME ZONE 'UTC'::text)) AND (archived_at < ('10000-01-01 00:00:00'::timestamp without time zone AT TIME ZONE 'UTC'::text)))),
    CONSTRAINT ck_workflows__created_at_range CHECK (((created_at >= ('0001-01-01 00:00:00'::timestamp without time zone AT TIME ZONE 'UTC'::text)) AND (created_at < ('10000-01-01 00:00:00'::timestamp without time zone AT TIME ZONE 'UTC'::text)))),
    CONSTRAINT ck_workflows__description_length CHECK (((char_length(description) >= 0) AND (char_length(description) <= 10000))),
    CONSTRAINT ck_workflows__name_length CHECK (((char_length(name) >= 1) AND (char_length(name) <= 200))),
    CONSTRAINT ck_workflows__settings_is_object CHECK ((jsonb_typeof(settings) = 'object'::text)),
    CONSTRAINT ck_workflows__settings_size CHECK ((pg_column_size(settings) <= 65536)),
    CONSTRAINT ck_workflows__updated_at_range CHECK (((updated_at >= ('0001-01-01 00:00:00'::timestamp without time zone AT TIME ZONE 'UTC'::text)) AND (updated_at < ('10000-01-01 00:00:00'::timestamp without time zone AT TIME ZONE 'UTC'::text)))),
    CONSTRAINT ck_workflows__version_positive CHECK ((version >= 1))
);
CREATE INDEX ix_workflows__owner_id_created_at_id ON public.workflows USING btree (owner_id, created_at DESC, id DESC);
CREATE UNIQUE INDEX uq_workflows__owner_id_lower_name ON public.workflows USING btree (owner_id, lower(name)) WHERE (archived_at IS NULL);
CREATE TRIGGER set_updated_at BEFORE UPDATE ON public.workflows FOR EACH ROW WHEN ((old.* IS DISTINCT FROM new.*)) EXECUTE FUNCTION public.set_updated_at();
CREATE TRIGGER tr_workflows__add_version AFTER INSERT OR UPDATE OF version ON public.workflows FOR EACH ROW EXECUTE FUNCTION public.add_version_of_workflow();

ALTER TABLE ONLY public.api_keys ADD CONSTRAINT fk_api_keys__user_id__users FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.run_step_logs ADD CONSTRAINT fk_run_step_logs__run_id__workflow_runs FOREIGN KEY (run_id) REFERENCES public.workflow_runs(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.run_step_logs ADD CONSTRAINT fk_run_step_logs__step_id__workflow_steps FOREIGN KEY (step_id) REFERENCES public.workflow_steps(id) ON DELETE RESTRICT;

ALTER TABLE ONLY public.workflow_run_claims ADD CONSTRAINT fk_workflow_run_claims__run_id__workflow_runs FOREIGN KEY (run_id) REFERENCES public.workflow_runs(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.workflow_run_keys ADD CONSTRAINT fk_workflow_run_keys__workflow_id__workflows FOREIGN KEY (workflow_id) REFERENCES public.workflows(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.workflow_runs ADD CONSTRAINT fk_workflow_runs__triggered_by__users FOREIGN KEY (triggered_by) REFERENCES public.users(id) ON DELETE SET NULL;
ALTER TABLE ONLY public.workflow_runs ADD CONSTRAINT fk_workflow_runs__version__workflow_versions FOREIGN KEY (workflow_id, workflow_version) REFERENCES public.workflow_versions(workflow_id, version) ON DELETE RESTRICT;
ALTER TABLE ONLY public.workflow_runs ADD CONSTRAINT fk_workflow_runs__workflow_id__workflows FOREIGN KEY (workflow_id) REFERENCES public.workflows(id) ON DELETE RESTRICT;

ALTER TABLE ONLY public.workflow_steps ADD CONSTRAINT fk_workflow_steps__version__workflow_versions FOREIGN KEY (workflow_id, workflow_version) REFERENCES public.workflow_versions(workflow_id, version) ON DELETE CASCADE;
ALTER TABLE ONLY public.workflow_steps ADD CONSTRAINT fk_workflow_steps__workflow_id__workflows FOREIGN KEY (workflow_id) REFERENCES public.workflows(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.workflow_versions ADD CONSTRAINT fk_workflow_versions__workflow_id__workflows FOREIGN KEY (workflow_id) REFERENCES public.workflows(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.workflows ADD CONSTRAINT fk_workflows__owner_id__users FOREIGN KEY (owner_id) REFERENCES public.users(id) ON DELETE RESTRICT;

RESET check_function_bodies;
