# SPDX-License-Identifier: Apache-2.0
"""What the warehouse tells of what it has done: whose rows they are, that they stay, that nothing secret is in them."""
import os
import stat
import threading
import time

from pq import Error
from warehouse import USER, Warehouse

PASSWORD = "Secret77word"
LONG = "select count(*) from n a, n b, n c, n d where a.a + b.a + c.a > d.a"
STL_QUERY = ("userid query label xid pid database querytxt starttime endtime aborted insert_pristine "
             "concurrency_scaling_status")
STEP = "userid query slice segment step starttime endtime tasknum rows "
# Redshift's columns, in its order
COLUMNS = {
    "stl_query": STL_QUERY,
    "stl_querytext": "userid xid pid query sequence text",
    "stl_ddltext": "userid xid pid label starttime endtime sequence text",
    "stl_utilitytext": "userid xid pid label starttime endtime sequence text",
    "svl_statementtext": "userid xid pid label starttime endtime sequence type text",
    "svl_qlog": "userid query xid pid starttime endtime elapsed aborted label substring source_query "
                "concurrency_scaling_status_txt from_sp_call",
    "stv_recents": "userid status starttime duration user_name db_name query pid",
    "stv_inflight": "userid slice query label xid pid starttime text suspended insert_pristine concurrency_scaling_status",
    "stv_sessions": "starttime process user_name db_name timeout_sec",
    "svv_query_inflight": "userid slice query pid starttime suspended text sequence",
    "stl_error": "userid process recordtime pid errcode file linenum context error",
    "stl_connection_log": "event recordtime remotehost remoteport pid dbname username authmethod duration sslversion sslcipher "
                          "mtu sslcompression sslexpansion iamauthguid application_name os_version driver_version plugin_name "
                          "protocol_version sessionid compression",
    "stl_sessions": "userid starttime endtime process user_name db_name timeout_sec timed_out",
    "stl_userlog": "userid username oldusername action usecreatedb usesuper usecatupd valuntil pid xid recordtime",
    "stl_explain": "userid query nodeid parentid plannode info",
    "stl_alert_event_log": "userid query slice segment step pid xid event solution event_time",
    "svl_compile": "userid xid pid query segment locus starttime endtime compile",
    "svl_query_report": "userid query slice segment step start_time end_time elapsed_time rows bytes label is_diskbased workmem "
                        "is_rrscan is_delayed_scan rows_pre_filter",
    "svl_query_summary": "userid query stm seg step maxtime avgtime rows bytes rate_row rate_byte label is_diskbased workmem "
                         "is_rrscan is_delayed_scan rows_pre_filter",
    "sys_query_history": "user_id query_id query_label transaction_id session_id database_name query_type status result_cache_hit "
                         "start_time end_time elapsed_time queue_time execution_time error_message returned_rows returned_bytes "
                         "query_text redshift_version usage_limit compute_type compile_time planning_time lock_wait_time "
                         "service_class_id service_class_name query_priority short_query_accelerated user_query_hash "
                         "generic_query_hash query_hash_version result_cache_query_id username",
    "sys_query_text": "user_id query_id transaction_id session_id start_time sequence text",
    "sys_query_explain": "user_id query_id child_query_sequence plan_node_id plan_parent_id plan_node node_info",
    "sys_query_detail": "user_id query_id child_query_sequence stream_id segment_id step_id step_name table_id table_name is_rrscan "
                        "start_time end_time duration alert input_bytes input_rows output_bytes output_rows blocks_read "
                        "blocks_write local_read_io remote_read_io source data_skewness time_skewness is_active "
                        "spilled_block_local_disk spilled_block_remote_disk step_attribute metrics_level plan_parent_id "
                        "plan_node_id",
    "stl_load_errors": "userid slice tbl starttime session query filename line_number colname type col_length position raw_line "
                       "raw_field_value err_code err_reason is_partial start_offset copy_job_id",
    "stl_loaderror_detail": "userid slice session query filename line_number field colname value is_null type col_length",
    "stl_load_commits": "userid query slice name filename byte_offset lines_scanned errors curtime status file_format is_partial "
                        "start_offset copy_job_id",
    "stl_file_scan": "userid query slice name lines bytes loadtime curtime is_partial start_offset",
    "sys_load_error_detail": "user_id query_id transaction_id session_id database_name table_id start_time file_name line_number "
                             "column_name column_type column_length position error_code error_message",
    "sys_load_history": "user_id query_id transaction_id session_id database_name status table_name start_time end_time duration "
                        "data_source file_format loaded_rows loaded_bytes source_file_count source_file_bytes file_count_scanned "
                        "file_bytes_scanned error_count copy_job_id",
    "sys_load_detail": "user_id query_id file_name bytes_scanned lines_scanned record_time splits_scanned start_time end_time "
                       "file_etag file_last_modified",
    "stl_analyze_compression": "userid start_time xid tbl tablename col old_encoding new_encoding mode best_compression_encoding "
                               "recommended_bytes best_compression_bytes ndv",
    "sys_analyze_compression_history": "user_id start_time transaction_id table_id table_name column_position old_encoding "
                                       "new_encoding mode",
    "stl_scan": STEP + "bytes fetches type tbl is_rrscan is_delayed_scan rows_pre_filter rows_pre_user_filter perm_table_name is_rlf_scan "
                "is_rlf_scan_reason num_em_blocks checksum runtime_filtering scan_region num_sortkey_as_predicate row_fetcher_state "
                "consumed_scan_ranges work_stealing_reason is_vectorized_scan is_vectorized_scan_reason row_fetcher_reason "
                "topology_signature use_tpm_partition is_rrscan_expr",
    "stl_aggr": STEP + "bytes slots occupied maxlength tbl is_diskbased workmem type resizes flushable",
    "stl_hash": STEP + "bytes slots occupied maxlength tbl is_diskbased workmem num_parts est_rows num_blocks_permitted resizes "
                "checksum runtime_filter_size max_runtime_filter_size",
    "stl_sort": STEP + "bytes tbl is_diskbased workmem checksum",
    "stl_save": STEP + "bytes tbl is_diskbased workmem",
    "stl_window": STEP + "is_diskbased workmem",
    "stl_insert": STEP + "tbl inserted_mega_value",
    "stl_dist": STEP + "bytes packets",
    "stl_bcast": STEP + "bytes packets",
    "stl_return": STEP + "bytes packets checksum",
    "stl_stream_segs": "userid query stream segment",
    "svl_user_info": "usename usesysid usecreatedb usesuper usecatupd useconnlimit syslogaccess last_ddl_ts sessiontimeout "
                     "external_user_id",
    "stl_wlm_query": "userid xid task query service_class slot_count service_class_start_time queue_start_time queue_end_time "
                     "total_queue_time exec_start_time exec_end_time total_exec_time service_class_end_time final_state est_peak_mem "
                     "query_priority service_class_name",
    "sys_transaction_history": "user_id transaction_id isolation_level status transaction_start_time commit_start_time "
                               "commit_end_time blocks_committed undo_transaction_id",
    "stv_db_isolation_level": "db_name isolation_level",
    "svv_roles": "role_id role_name role_owner external_id",
    "svv_role_grants": "role_id role_name granted_role_id granted_role_name",
    "svv_user_grants": "user_id user_name role_id role_name admin_option",
    "stl_restarted_sessions": "currenttime dbname newpid oldpid username remotehost remoteport parkedtime session_vars",
    "stl_undone": "userid xact_id xact_id_undone undo_start_ts undo_end_ts table_id",
    "stv_startup_recovery_state": "db_id table_id table_name",
    "svl_auto_worker_action": "table_id type status eventtime sequence previous_state",
    "svv_alter_table_recommendations": "type database table_id group_id ddl auto_eligible",
    "svv_interleaved_columns": "tbl col interleaved_skew last_reindex",
    "stv_slices": "node slice localslice type",
    "stv_blocklist": "slice col tbl blocknum num_values extended_limits minvalue maxvalue sb_pos pinned on_disk modified hdr_modified "
                     "unsorted tombstone preferred_diskno temporary newblock num_readers flags",
    "stv_tbl_perm": "slice id name rows sorted_rows temp db_id insert_pristine delete_pristine backup dist_style block_count",
    "svv_diskusage": "db_id name slice col tbl blocknum num_values minvalue maxvalue sb_pos pinned on_disk modified hdr_modified "
                     "unsorted tombstone preferred_diskno temporary newblock",
    "stv_partitions": "owner host diskno part_begin part_end used tossed capacity reads writes seek_forward seek_back is_san failed "
                      "mbps mount",
    "stv_node_storage_capacity": "node used capacity",
    "svv_table_info": "database schema table_id table encoded diststyle sortkey1 max_varchar sortkey1_enc sortkey_num size pct_used "
                      "empty unsorted stats_off tbl_rows skew_sortkey1 skew_rows estimated_visible_rows risk_event "
                      "vacuum_sort_benefit create_time",
    "sys_connection_log": "event record_time remote_host remote_port session_id database_name user_name auth_method duration "
                          "ssl_version ssl_cipher mtu ssl_compression ssl_expansion iam_auth_guid application_name driver_version "
                          "os_version plugin_name protocol_version global_session_id compression",
    "sys_session_history": "user_id session_id database_name status session_timeout start_time end_time",
    "sys_userlog": "user_id user_name original_user_name action has_create_db_privs is_superuser has_update_catalog_privs "
                   "password_expiration session_id transaction_id record_time",
}


def columns(w, c, expect):
    for view, names in COLUMNS.items():
        c.run(f"select * from {view}")
        expect(f"columns of {view}", c.names == names.split(), " ".join(c.names))


def statements(w, c, expect):
    def one(what, sql, wanted):
        came = c.run(sql)
        expect(what, came == wanted, f"{came}, not {wanted}")

    c.run("create table t (a int, b varchar(10)) distkey (a)")
    c.run("insert into t values (1, 'x'), (2, 'y')")
    c.run("set query_group = 'night'")
    c.run("select count(*) from t where b <> '" + "n" * 300 + "'")
    number = c.run("select pg_last_query_id()")[0][0]
    one("its number", f"select label, aborted, database, position('count' in querytxt) from stl_query where query = {number}",
        [["night", "0", "dev", "8"]])
    one("its pieces", f"select sequence, length(text) from stl_querytext where query = {number} order by 1", [["0", "200"], ["1", "136"]])
    one("its text", f"select listagg(text) within group (order by sequence) = (select querytxt from stl_query where query = {number})"
                    f" from stl_querytext where query = {number}", [["t"]])
    one("its nodes", f"select nodeid, parentid, split_part(trim(plannode), '(', 1) from stl_explain where query = {number} and nodeid = 1",
        [["1", "0", "XN Aggregate  "]])
    one("its plan is a tree", f"select count(*) from stl_explain where query = {number} and nodeid > 1 and (parentid < 1 or parentid >= nodeid)",
        [["0"]])
    one("its steps", f"select sum(rows_pre_filter) from svl_query_summary where query = {number}", [["2"]])
    one("by node", f"select count(distinct slice) from svl_query_report where query = {number} and label like 'scan t%'", [["2"]])
    one("by segment", f"select sum(input_rows) from sys_query_detail where query_id = {number} and step_name like 'scan t%'", [["2"]])
    one("what it scanned", f"select sum(rows), min(tbl) = 't'::regclass::int, min(trim(perm_table_name)) from stl_scan where query = {number}",
        [["2", "t", "t"]])
    one("and gave", f"select sum(rows) from stl_return where query = {number} and slice = (select max(slice) from stl_return where query = {number})",
        [["1"]])
    c.run("select x.a, count(*) from t x join t y on x.b = y.b group by 1 order by 1")
    one("its kinds of steps", "select (select count(*) > 0 from stl_hash h where h.query = q), (select count(*) > 0 from stl_aggr h where h.query = q),"
        " (select count(*) > 0 from stl_sort h where h.query = q)"
        " from (select max(query) q from stl_query where querytxt like 'select x.a%')", [["t", "t", "t"]])
    one("what was written", "select sum(rows), min(tbl) = 't'::regclass::int from stl_insert", [["3002", "f"]])
    one("its code", f"select count(*), min(locus) from svl_compile where query = {number}", [["1", "1"]])
    one("its history", f"select query_type, status, returned_rows, username from sys_query_history where query_id = {number}",
        [["SELECT", "success", "1", USER]])
    one("a definition", "select text from stl_ddltext where text like 'create table t %'", [["create table t (a int, b varchar(10)) distkey (a)"]])
    one("a setting", "select text, type from svl_statementtext where text like 'set query_group%'", [["set query_group = 'night'", "UTILITY"]])
    try:
        c.run("select a / 0 from t")
    except Error:
        pass
    one("a failure", "select aborted from stl_query where querytxt = 'select a / 0 from t'", [["1"]])
    one("and why", "select status, error_message from sys_query_history where query_text = 'select a / 0 from t'",
        [["failed", "division by zero"]])
    c.run("select count(*) from t x, t y where x.a < y.a")
    one("an alert", "select count(*) from stl_alert_event_log where query = (select max(query) from stl_query where querytxt like '%x.a < y.a')"
                    " and event like 'Nested Loop%'", [["1"]])
    one("its turn", f"select total_queue_time >= 0, total_exec_time > 0, exec_end_time <= service_class_end_time + interval '1 second', final_state"
                    f" from stl_wlm_query where query = {number}", [["t", "t", "t", "Completed"]])
    one("a transaction", "select h.status, h.isolation_level, h.commit_end_time >= h.commit_start_time from sys_transaction_history h"
                         " join stl_query q on q.xid = h.transaction_id where q.querytxt like 'insert into t values%'",
        [["committed", "Snapshot Isolation", "t"]])
    c.run("begin; delete from t where a = 77; insert into t values (77, 'z'); rollback")
    one("one rolled back", "select h.status, h.commit_start_time is null from sys_transaction_history h join stl_query q on q.xid = h.transaction_id"
                           " where q.querytxt like 'insert into t values (77%'", [["rolledback", "t"]])
    one("one that reads", f"select count(*) from sys_transaction_history h join stl_query q on q.xid = h.transaction_id where q.query = {number}",
        [["0"]])
    one("transactions have numbers of their own", "select count(distinct xid) > 3 from stl_query", [["t"]])


def loads(w, c, expect):
    os.makedirs(os.path.join(w.dir, "import"), exist_ok=True)
    for name, text in (("one.tbl", "3|c\nx|d\n4|e\n"), ("two.1", "5|f\n"), ("two.2", "6|g\n7|h\n")):
        with open(os.path.join(w.dir, "import", name), "w") as f:
            f.write(text)

    def one(what, sql, wanted):
        came = c.run(sql)
        expect(what, came == wanted, f"{came}, not {wanted}")

    c.run(f"copy t from '{w.dir}/import/one' maxerror 5")
    number = c.run("select pg_last_copy_id()")[0][0]
    one("a rejected record", "select line_number, trim(colname), type, trim(raw_field_value), err_code, session = pg_backend_pid()"
                             f" from stl_load_errors where query = {number}", [["2", "a", "integer", "x", "1207", "t"]])
    one("its field", f"select field, value from stl_loaderror_detail where query = {number}", [["1", "x"]])
    one("its like", "select table_id = 't'::regclass::int, column_name, error_code from sys_load_error_detail"
                    f" where query_id = {number}", [["t", "a", "1207"]])
    one("a file", "select right(trim(filename), 7), lines_scanned, errors, status from stl_load_commits"
                  f" where query = {number}", [["one.tbl", "3", "1", "1"]])
    one("a load", "select status, table_name, loaded_rows, source_file_count, source_file_bytes, error_count, file_format"
                  f" from sys_load_history where query_id = {number}", [["completed", "t", "2", "1", "12", "1", "text"]])
    c.run(f"copy t from '{w.dir}/import/two.'")
    one("files", "select right(trim(file_name), 5), bytes_scanned, lines_scanned from sys_load_detail"
                 " where query_id = pg_last_copy_id() order by 1", [["two.1", "4", None], ["two.2", "8", None]])
    try:
        c.run(f"copy t from '{w.dir}/import/one'")
    except Error as e:
        expect("where to look", "stl_load_errors" in (e.hint or ""), e.hint)
    one("a load that failed", "select status, loaded_rows from sys_load_history order by query_id desc limit 1", [["aborted", "0"]])
    one("is known as such", "select aborted, left(querytxt, 11) from stl_query where query = (select max(query_id) from sys_load_history)",
        [["1", "copy t from"]])


def running(w, c, expect):
    result = []
    with w.connect() as other:
        pid = other.run("select pg_backend_pid()")[0][0]
        thread = threading.Thread(target=lambda: run_long(other, result))
        thread.start()
        seen, until = [], time.monotonic() + 20
        while not seen and time.monotonic() < until:
            seen = c.run(f"select text, query > 0 from stv_inflight where pid = {pid}")
        expect("what runs", seen == [[LONG, "t"]], seen)
        recent = c.run(f"select status, user_name, left(query, 6) from stv_recents where pid = {pid}")
        expect("and is recent", recent == [["Running", USER, "select"]], recent)
        other.cancel()
        thread.join()
        expect("it is cancelled", result == ["57014"], result)
        came = c.run(f"select status from sys_query_history where session_id = {pid} and query_text like 'select count%'")
        expect("which is known", came == [["canceled"]], came)


def run_long(c, result):
    try:
        c.run(LONG)
        result.append("ended")
    except Error as e:
        result.append(e.state)


def own_rows(w, c, expect):
    c.run(f"create user ann password '{PASSWORD}'")
    c.run("alter user ann rename to anna")
    c.run("begin; create user bea password disable; rollback")
    c.run("create role inner_role; create role outer_role; grant role inner_role to role outer_role; grant role outer_role to anna")
    came = c.run("select role_name, granted_role_name from svv_role_grants"), c.run("select user_name, role_name, admin_option from svv_user_grants")
    expect("roles", came == ([["outer_role", "inner_role"]], [["anna", "outer_role", "f"]]), came)
    came = c.run("select role_name from svv_roles order by 1")
    expect("all of them", came == [["inner_role"], ["outer_role"]], came)
    c.run(f"alter user anna password '{PASSWORD}x'")
    with w.connect(user="anna", password=PASSWORD + "x") as a:
        a.run("select 'mine'")
        others = a.run("select count(*) from svl_statementtext where userid <> current_user_id")[0][0]
        expect("others' statements are not shown", others == "0", others)
        mine = a.run("select count(*) from stl_query where querytxt = 'select ''mine'''")[0][0]
        expect("one's own are", mine == "1", mine)
        for view in ("stl_connection_log", "stl_userlog", "stl_error", "stl_sessions", "sys_transaction_history", "stv_blocklist", "stv_tbl_perm", "stv_partitions"):
            seen = a.run(f"select count(*) from {view}")[0][0]
            expect(f"{view} is for superusers", seen == "0", seen)
        c.run("alter user anna syslog access unrestricted")
        others = a.run("select count(*) > 0 from svl_statementtext where userid <> current_user_id")[0][0]
        expect("who has SYSLOG ACCESS sees others' statements", others == "t", others)
        seen = a.run("select count(*) from stl_userlog")[0][0]
        expect("but not what is for superusers", seen == "0", seen)
    log = c.run("select username, oldusername, action from stl_userlog order by recordtime")
    expect("users", log == [["ann", "", "Create"], ["anna", "ann", "Rename"], ["anna", "", "Alter"], ["anna", "", "Alter"]], log)
    try:
        w.connect(user="anna", password="Wrong77word")
    except (Error, ConnectionError):
        pass
    log = c.run("select distinct event from stl_connection_log where username = 'anna' order by 1")
    expect("connections", log == [["authenticated"], ["authentication failure"], ["disconnecting session"], ["initiating session"]], log)


def secrets(w, c, expect):
    c.run(f"prepare p as select '{PASSWORD}' as password")
    try:
        c.run(f"copy t from '{w.dir}/import/none' credentials 'aws_access_key_id={PASSWORD}'")
    except Error:
        pass
    try:
        c.run(f"create user eve pasword '{PASSWORD}'")
    except Error:
        pass
    for view in ("stoa_statements", "stoa_loads", "stl_error", "stoa_running", "stl_explain"):
        rows = c.run(f"select * from {view}")
        expect(f"no secret in {view}", not any(PASSWORD in (value or "") for row in rows for value in row if "from stoa" not in (value or "")), rows)
    with open(os.path.join(w.dir, "history.db"), "rb") as f:
        expect("nor in the file", PASSWORD.encode() not in f.read())
    mode = stat.S_IMODE(os.stat(os.path.join(w.dir, "history.db")).st_mode)
    expect("which is nobody else's business", mode == 0o600, oct(mode))


def persistence(w, expect):
    with w.connect() as c:
        c.run("select 'before'")
        last = int(c.run("select pg_last_query_id()")[0][0])
        time.sleep(1)
    w.kill()
    w.start(3)
    with w.connect() as c:
        came = c.run("select count(*) from stl_query where querytxt = 'select ''before'''")
        expect("a killed server's statements are known", came == [["1"]], came)
        c.run("select 'after'")
        number = int(c.run("select pg_last_query_id()")[0][0])
        expect("numbers go on", number > last, f"{number} after {last}")
    w.stop()
    with open(os.path.join(w.dir, "history.db"), "wb") as f:
        f.write(b"no database" * 1000)
    w.start(1)
    with w.connect() as c:
        c.run("select 'anew'")
        came = c.run("select count(*) from stl_query where querytxt = 'select ''anew'''")
        expect("a damaged file is set aside", came == [["1"]] and os.path.exists(os.path.join(w.dir, "history.db.damaged")), came)
    w.stop()
    with open(os.path.join(w.dir, "stoa.conf"), "a") as f:
        f.write("history_size = 1MB\n")
    w.start(1)
    with w.connect() as c:
        for i in range(60):
            c.run(f"select {i}, '{'x' * 60000}'")
        came = c.run("select count(*) from stl_query where querytxt like 'select %, ''xxx%'")
        for i in range(1000):
            c.run("select 1")
        time.sleep(1)
        left = c.run("select count(*) from stl_query where querytxt like 'select %, ''xxx%'")
        expect("no more is kept than may be", int(left[0][0]) < 20, (came, left))
    w.stop()
    with open(os.path.join(w.dir, "stoa.conf"), "a") as f:
        f.write("history_days = 0\n")
    w.start(1)
    with w.connect() as c:
        c.run("select 'never'")
        came = c.run("select count(*) from stl_query where querytxt = 'select ''never'''")
        expect("nor anything, where it is said", came == [["0"]], came)
    w.stop()
    for name in ("history.db", "history.db-wal", "history.db-shm"):
        if os.path.exists(os.path.join(w.dir, name)):
            os.remove(os.path.join(w.dir, name))
    os.mkdir(os.path.join(w.dir, "history.db"))
    w.start(1)
    with w.connect() as c:
        came = c.run("select count(*) from stl_query"), c.run("select sum(a) from n"), c.run("select status from stv_recents")
        expect("a file that cannot be is no hindrance", came == ([["0"]], [["4501500"]], [["Running"]]), came)
    expect("and the log says so", "some history is not kept" in w.log_tail(), w.log_tail())
    w.stop()


def run(expect):
    with Warehouse(slices=3) as w:
        w.start(3)
        with w.connect() as c:
            c.run("create table n as select g::int as a from generate_series(1, 3000) g")
            for part in (columns, statements, loads, running, own_rows, secrets):
                part(w, c, expect)
        persistence(w, expect)
