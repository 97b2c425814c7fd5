-- One value as it may be shown: below a secret key nothing but whether it changed; no password in an address.
-- `was` is the value before, NULL where there was none or nobody asks.
CREATE FUNCTION audit_shown(value jsonb, was jsonb, hide boolean, secret_keys jsonb) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE SET search_path FROM CURRENT AS $$
BEGIN
    CASE jsonb_typeof(value)
        WHEN 'object' THEN
            RETURN COALESCE(
                (SELECT jsonb_object_agg(
                    member.key, audit_shown(member.value, was -> member.key, hide OR secret_keys ? member.key, secret_keys)
                 ) FROM jsonb_each(value) member),
                '{}'
            );
        WHEN 'array' THEN
            RETURN COALESCE(
                (SELECT jsonb_agg(
                    audit_shown(item.value, was -> (item.place::int - 1), hide, secret_keys) ORDER BY item.place
                 ) FROM jsonb_array_elements(value) WITH ORDINALITY item (value, place)),
                '[]'
            );
        WHEN 'null' THEN
            RETURN value;
        ELSE
            IF hide THEN
                RETURN to_jsonb(CASE WHEN was <> value THEN '(not shown, changed)' ELSE '(not shown)' END);
            END IF;
            IF jsonb_typeof(value) = 'string' THEN
                RETURN to_jsonb(regexp_replace(value #>> '{}', '(://)[^/@[:space:]]+@', '\1(not shown)@', 'g'));
            END IF;
            RETURN value;
    END CASE;
END $$;

-- A column that is not shown at all. Empty is no secret.
CREATE FUNCTION audit_hidden(value jsonb, was jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE SET search_path FROM CURRENT AS $$
    SELECT CASE
        WHEN value IN ('null', '""', '{}', '[]') THEN value
        WHEN was <> value AND was NOT IN ('null', '""', '{}', '[]') THEN '"(not shown, changed)"'
        ELSE '"(not shown)"'
    END
$$;

-- The trigger of every watched table. Its argument is the table's rule, as JSON (see audit/triggers.py).
CREATE FUNCTION audit_write() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    rule jsonb := TG_ARGV[0];
    who jsonb := NULLIF(current_setting('audit.context', true), '');
    process text := substring(current_setting('application_name') FROM '^antipode-(.+)$');
    was jsonb;
    is_now jsonb;
    changed text[];
    before jsonb;
    after jsonb;
    verb text := rule -> 'verbs' ->> lower(TG_OP);
    name text := TG_TABLE_NAME;
    service text;
    account text;
    noun text := rule ->> 'noun';
BEGIN
    IF TG_OP IN ('UPDATE', 'DELETE') THEN was := to_jsonb(OLD); END IF;
    IF TG_OP IN ('INSERT', 'UPDATE') THEN is_now := to_jsonb(NEW); END IF;

    -- which columns are told: those that changed; of a new or deleted row those that say something
    SELECT array_agg(key) INTO changed FROM jsonb_each(COALESCE(is_now, was)) one
    WHERE key <> 'id' AND NOT rule -> 'ignored' ? key
        AND (rule -> 'only' = '[]' OR rule -> 'only' ? key)
        AND CASE
            WHEN TG_OP = 'UPDATE' THEN was -> key <> value
            ELSE value NOT IN ('null', '""', '{}', '[]')
        END;
    IF TG_OP = 'UPDATE' AND changed IS NULL THEN
        RETURN NULL;
    END IF;
    IF was IS NOT NULL THEN
        SELECT jsonb_object_agg(key, CASE
            WHEN rule -> 'hidden' ? key THEN audit_hidden(was -> key, NULL)
            ELSE audit_shown(was -> key, NULL, false, rule -> 'secret_keys')
        END) INTO before FROM unnest(changed) key;
    END IF;
    IF is_now IS NOT NULL THEN
        SELECT jsonb_object_agg(key, CASE
            WHEN rule -> 'hidden' ? key THEN audit_hidden(is_now -> key, was -> key)
            ELSE audit_shown(is_now -> key, was -> key, false, rule -> 'secret_keys')
        END) INTO after FROM unnest(changed) key;
    END IF;

    -- what happened
    IF TG_OP = 'UPDATE' THEN
        SELECT mark.value INTO verb FROM jsonb_each_text(rule -> 'marks') mark
        WHERE is_now -> mark.key NOT IN ('null', 'false') AND was -> mark.key IN ('null', 'false');
        verb := COALESCE(verb, rule -> 'verbs' ->> 'update');
    END IF;
    IF is_now IS NOT NULL AND rule ->> 'state' <> '' AND is_now -> (rule ->> 'state') IS DISTINCT FROM was -> (rule ->> 'state')
    THEN
        verb := is_now ->> (rule ->> 'state');
    END IF;

    -- what it is called, and whom it concerns
    IF TG_OP = 'DELETE' THEN
        EXECUTE rule ->> 'about' INTO name, service, account, noun USING OLD;
    ELSIF TG_OP <> 'TRUNCATE' THEN
        EXECUTE rule ->> 'about' INTO name, service, account, noun USING NEW;
    END IF;

    -- who: said by our doors; else by the name that one of our processes connects under; else whoever connected
    who := COALESCE(who, CASE
        WHEN process IS NULL THEN jsonb_build_object('via', 'database', 'actor', session_user)
        ELSE jsonb_build_object('via', process, 'actor', 'antipode')
    END);

    INSERT INTO audit_entry (
        at, action, actor_id, actor, via, address, request_id, "table", key, name, service, account,
        before, after, details
    ) VALUES (
        clock_timestamp(),
        left(noun || '.' || verb, 60),
        (who ->> 'actor_id')::bigint,
        left(COALESCE(who ->> 'actor', ''), 160),
        left(COALESCE(who ->> 'via', ''), 20),
        left(COALESCE(who ->> 'address', ''), 64),
        left(COALESCE(who ->> 'request_id', ''), 64),
        TG_TABLE_NAME,
        left(COALESCE(COALESCE(is_now, was) ->> 'id', ''), 200),
        left(COALESCE(name, ''), 400),
        left(COALESCE(service, ''), 60),
        left(COALESCE(account, ''), 40),
        before,
        after,
        COALESCE(who -> 'details', '{}')
    );
    RETURN NULL;
END $$;
